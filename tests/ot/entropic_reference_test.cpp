// Entropic transport against POT's tables and against exact solvers.
#include <cmath>
#include <filesystem>

#include <doctest/doctest.h>

#include "pushforward/core/point_io.hpp"
#include "pushforward/ot/network_simplex.hpp"
#include "pushforward/ot/sinkhorn_divergence.hpp"

#include "tests/ot/entropic_problems.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using namespace pushforward::testing;

TEST_CASE("entropic reference: costs and divergences agree with POT") {
  const CsvTable table =
      read_csv(std::filesystem::path(PUSHFORWARD_TEST_REFERENCE) / "entropic.csv");
  REQUIRE(table.values.cols() == 12);
  for (Index row = 0; row < table.values.cols(); ++row) {
    const auto column = table.values.col(row);
    const auto n = Index(column[0]), m = Index(column[1]), d = Index(column[2]);
    Splitmix random(static_cast<std::uint64_t>(column[3]));
    Vector a = random.uniform(n, 1), b = random.uniform(m, 1);
    a.array() += 0.1;
    b.array() += 0.1;
    const Matrix x = random.uniform(d, n), y = random.uniform(d, m);
    const TransportProblem problem{DiscreteMeasure(x, a, Mass::normalise),
                                   DiscreteMeasure(y, b, Mass::normalise)};
    const SinkhornOptions options{.epsilon = column[4], .tolerance = 1e-12};
    const auto result = sinkhorn_divergence(problem, options);
    REQUIRE(result.converged);
    // POT stops at an L2 error of 1e-12 or after 20 000 iterations.
    CHECK(result.cross.linear_cost == doctest::Approx(column[5]).epsilon(1e-9));
    CHECK(result.cross.kl_cost == doctest::Approx(column[6]).epsilon(1e-9));
    CHECK(result.divergence == doctest::Approx(column[7]).epsilon(1e-8));
  }
}

TEST_CASE("entropic reference: certificates hold the cost of the network simplex") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto problem = random_problem(4 + Index(seed % 9), 5 + Index(seed % 11), 2, seed);
    const auto exact = network_simplex(problem);
    REQUIRE(exact.converged);
    const double scale = cost_matrix(problem).mean();
    for (const double share : {1.0, 0.1, 0.01}) {
      for (const std::int64_t passes : {6, 20'000}) {  // three iterations, and all
        const auto result = sinkhorn(problem, {.epsilon = share * scale, .max_passes = passes});
        CHECK(result.certificate.dual <= exact.certificate.primal);
        CHECK(exact.certificate.dual <= result.certificate.primal);
        if (passes > 6) {
          CHECK(result.transport_cost - exact.transport_cost <=
                share * scale * std::log(double(problem.source.size())) + 1e-6 * scale);
        }
      }
    }
    const auto fine = sinkhorn(problem, {.epsilon = 1e-5 * scale});
    REQUIRE(fine.converged);
    CHECK(fine.certificate.gap() <= 1e-4 * scale);
    CHECK(std::abs(fine.linear_cost - exact.transport_cost) <= 1e-4 * scale);
  }
}
