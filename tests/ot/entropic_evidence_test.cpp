// How many passes over the pairs each entropic method needs, against a published-style table:
// uniform points in the unit square, n = m = 400, random weights, L1 error 1e-8.
#include <array>

#include <doctest/doctest.h>

#include "pushforward/ot/sinkhorn.hpp"

#include "tests/ot/entropic_problems.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using namespace pushforward::testing;

namespace {

constexpr int instances = 10;

struct Count {
  double passes = 0.0;
  int converged = 0;
};

Count count(double share, const SinkhornOptions& method) {
  Count total;
  for (std::uint64_t seed = 0; seed < instances; ++seed) {
    const auto problem = random_problem(400, 400, 2, 100 + seed);
    SinkhornOptions options = method;
    options.epsilon = share * cost_matrix(problem).mean();
    options.max_passes = 8000;
    options.certificate = false;
    const auto result = sinkhorn(problem, options);
    total.passes += static_cast<double>(result.passes) / instances;
    total.converged += result.converged;
  }
  return total;
}

}  // namespace

TEST_SUITE("slow") {
  TEST_CASE("entropic evidence: passes are ordered by method at every epsilon") {
    struct Row {
      double share, truncated, sparse;
    };
    // Passes of annealed Newton methods to be met within a factor of two.
    for (const Row row :
         {Row{1e-1, 115, 107}, Row{1e-2, 360, 195}, Row{1e-3, 785, 265}, Row{1e-4, 2405, 343}}) {
      const Count scaled =
          count(row.share, {.method = SinkhornMethod::sinkhorn, .over_relaxation = false});
      const Count relaxed = count(row.share, {.method = SinkhornMethod::sinkhorn});
      const Count truncated = count(row.share, {.method = SinkhornMethod::truncated_newton});
      const Count sparse = count(row.share, {.method = SinkhornMethod::sparse_newton});
      CAPTURE(row.share);
      MESSAGE("epsilon " << row.share << " of the mean cost: scaled " << scaled.passes
                         << ", relaxed " << relaxed.passes << ", truncated Newton "
                         << truncated.passes << ", sparse Newton " << sparse.passes);
      CHECK(sparse.converged == instances);
      CHECK(truncated.converged == instances);
      CHECK(relaxed.passes < scaled.passes);
      CHECK(sparse.passes <= relaxed.passes);
      CHECK(truncated.passes <= 2.0 * row.truncated);
      CHECK(sparse.passes <= 2.0 * row.sparse);
      if (row.share < 5e-3) CHECK(scaled.converged == 0);
      if (row.share < 5e-2) CHECK(sparse.passes < truncated.passes);
    }
  }
}
