// What holds for streamed problems: memory, and exponentials in single precision.
#include "pushforward/ot/sinkhorn.hpp"

#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__)
#include <sys/resource.h>
#endif

#include <doctest/doctest.h>

#include "tests/ot/entropic_problems.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using namespace pushforward::testing;

TEST_CASE("sinkhorn: mixed precision agrees within 1e-4") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto problem = random_problem(20, 24, 2, seed);
    SinkhornOptions options{.epsilon = 0.05, .tolerance = 1e-5, .stored_pairs = 0};
    const auto exact = sinkhorn(problem, options);
    options.precision = Precision::mixed;
    const auto mixed = sinkhorn(problem, options);
    CHECK(mixed.converged);
    CHECK(mixed.kl_cost == doctest::Approx(exact.kl_cost).epsilon(1e-4));
    CHECK(distance(mixed.f, exact.f) <= 1e-4);
  }
}

TEST_CASE("sinkhorn: mixed precision gives way to double where scores are too large for it") {
  const auto problem = random_problem(20, 24, 2, 3);
  SinkhornOptions options{.epsilon = 1e-6, .stored_pairs = 0, .precision = Precision::mixed};
  const auto fine = sinkhorn(problem, options);
  CHECK(fine.precision_escalated);
  CHECK(fine.converged);
  options.epsilon = 0.1;
  options.tolerance = 1e-5;
  CHECK(!sinkhorn(problem, options).precision_escalated);
  // Beyond its rounding it does not run on to the last pass.
  options.tolerance = 1e-12;
  const auto rounded = sinkhorn(problem, options);
  CHECK(rounded.termination == Termination::stalled);
  CHECK(rounded.passes < 2000);
  CHECK(rounded.residual <= 1e-5);
}

// The address sanitizer keeps freed memory for a while, so that its peak says nothing.
#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__)
TEST_CASE("sinkhorn: a streamed problem holds nothing of size n m") {
  const auto peak = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;  // kilobytes
  };
  const Index n = 3000, m = 3500;  // 84 MB as a matrix of doubles
  const auto problem = random_problem(n, m, 2, 4);
  const auto before = peak();
  for (const SinkhornMethod method : {SinkhornMethod::sinkhorn, SinkhornMethod::truncated_newton}) {
    const auto result =
        sinkhorn(problem, {.epsilon = 0.05, .method = method, .max_passes = 5, .stored_pairs = 0});
    CHECK(result.certificate.dual <= result.certificate.primal);
  }
  // 64 bytes a point and 4 MiB of tiles for each of 8 threads.
  CHECK(peak() - before <= 40'000);
}
#endif
