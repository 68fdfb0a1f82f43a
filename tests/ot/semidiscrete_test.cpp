#include "pushforward/ot/semidiscrete.hpp"

#include <cmath>
#include <memory>
#include <numbers>
#include <stdexcept>

#include <boost/math/distributions/normal.hpp>
#include <doctest/doctest.h>

#include "pushforward/core/densities/gaussian_mixture.hpp"
#include "pushforward/core/densities/presets.hpp"
#include "pushforward/core/densities/uniform_box.hpp"

#include "ot/src/semidiscrete_certificate.hpp"

using namespace pushforward;
using namespace pushforward::ot;

namespace {

std::shared_ptr<const Sampler> normal_source(Index d) {
  return std::make_shared<GaussianMixture>(standard_normal(d));
}

std::shared_ptr<const Sampler> cube_source(Index d) {
  return std::make_shared<UniformBox>(UniformBox::unit(d));
}

Matrix normals(Index rows, Index cols, std::uint64_t seed) {
  Matrix x(rows, cols);
  fill_normal({.seed = seed}, x, 1);
  return x;
}

Vector power_weights(const DiscreteMeasure& target, VectorIn heights) {
  Vector w = 2.0 * heights + target.points().colwise().squaredNorm().transpose();
  w.array() -= w.dot(target.weights());
  return w;
}

// k^d atoms at the centres of the cubes of a grid in the unit cube.
Matrix grid(Index k, Index d) {
  const auto n = static_cast<Index>(std::lround(std::pow(double(k), double(d))));
  Matrix y(d, n);
  for (Index j = 0; j < n; ++j) {
    Index digits = j;
    for (Index i = 0; i < d; ++i, digits /= k) {
      y(i, j) = (static_cast<double>(digits % k) + 0.5) / static_cast<double>(k);
    }
  }
  return y;
}

}  // namespace

TEST_CASE("semidiscrete: two atoms and a Gaussian source have the closed-form cost") {
  // W_2^2(N(0, I), {+-e_1}) = d + 1 - 2 sqrt(2 / pi), heights equal.
  for (const Index d : {1, 3, 10}) {
    Matrix y = Matrix::Zero(d, 2);
    y(0, 0) = 1.0;
    y(0, 1) = -1.0;
    const auto result =
        semidiscrete({normal_source(d), DiscreteMeasure::uniform(y)}, {.tolerance = 0.02});
    REQUIRE(result.converged);
    const double exact = static_cast<double>(d) + 1.0 - 2.0 * std::sqrt(2.0 / std::numbers::pi);
    CHECK(std::abs(result.primal.value - exact) < 5.0 * result.primal.standard_error + 1e-3);
    CHECK(std::abs(result.dual.value - exact) < 5.0 * result.dual.standard_error);
    CHECK(result.mass_error_bound <= 0.02);
    CHECK(result.mass_error <= result.mass_error_bound);
  }
}

TEST_CASE("semidiscrete: on the line the cells end at the quantiles of the cumulative weights") {
  Matrix y(1, 4);
  y << 2.0, -1.0, 0.5, 3.0;
  Vector nu(4);
  nu << 0.1, 0.4, 0.3, 0.2;
  const DiscreteMeasure target(y, nu);
  const auto result = semidiscrete({normal_source(1), target}, {.tolerance = 0.05});
  REQUIRE(result.converged);
  // sorted: -1, 0.5, 2, 3 with cumulative 0.4, 0.7, 0.8
  const Index order[] = {1, 2, 0, 3};
  const double cumulative[] = {0.4, 0.7, 0.8};
  for (int k = 0; k < 3; ++k) {
    const Index i = order[k], j = order[k + 1];
    const double edge = (result.heights[i] - result.heights[j]) / (y(0, j) - y(0, i));
    // each cell's mass is off by at most 5% of its weight, so each cumulative by at most 5%
    CHECK(std::abs(boost::math::cdf(boost::math::normal(), edge) - cumulative[k]) < 0.05);
  }
}

TEST_CASE("semidiscrete: a grid in the unit cube has equal power weights and cost d / (12 k^2)") {
  for (const auto& [k, d] : {std::pair<Index, Index>{4, 2}, {3, 3}}) {
    const DiscreteMeasure target = DiscreteMeasure::uniform(grid(k, d));
    const auto result = semidiscrete({cube_source(d), target}, {.tolerance = 0.1});
    REQUIRE(result.converged);
    const double exact = static_cast<double>(d) / (12.0 * static_cast<double>(k * k));
    CHECK(std::abs(result.dual.value - exact) < 5.0 * result.dual.standard_error + 1e-3 * exact);
    CHECK(std::abs(result.primal.value - exact) <
          5.0 * result.primal.standard_error + 0.02 * exact);
    // A cell's mass changes by its own size when w changes by about 1 / (2 k^2): 10% of that.
    CHECK(power_weights(target, result.heights).cwiseAbs().maxCoeff() <
          0.1 / static_cast<double>(k * k));
  }
}

TEST_CASE("semidiscrete: moving the atoms moves w by 2 <y, t>, scaling all scales w by s^2") {
  const Matrix y = normals(3, 20, 5);
  const SemidiscreteOptions options{.tolerance = 0.2};
  const auto plain = semidiscrete({normal_source(3), DiscreteMeasure::uniform(y)}, options);
  Vector t(3);
  t << 1.0, -2.0, 0.5;
  const DiscreteMeasure moved = DiscreteMeasure::uniform(y.colwise() + t);
  const auto translated = semidiscrete({normal_source(3), moved}, options);
  REQUIRE(plain.converged);
  REQUIRE(translated.converged);
  // <x, y + t> + h ranks as <x, y> + h: heights agree up to a constant. The draws are the same, so
  // only the rounding of y + t differs, which may move a draw across a boundary.
  Vector difference = translated.heights - plain.heights;
  difference.array() -= difference.mean();
  CHECK(difference.cwiseAbs().maxCoeff() < 0.02);

  const DiscreteMeasure scaled = DiscreteMeasure::uniform(2.0 * y);
  const auto twice = semidiscrete({normal_source(3), scaled}, options);
  difference = twice.heights - 2.0 * plain.heights;  // a power of two: bit for bit the same run
  difference.array() -= difference.mean();
  CHECK(difference.cwiseAbs().maxCoeff() < 1e-9);
}

TEST_CASE("semidiscrete: an oversized cell sees its weight decrease") {
  Matrix y(2, 3);
  y << 0.0, 3.0, -3.0, 0.0, 0.5, 0.5;
  const DiscreteMeasure target = DiscreteMeasure::uniform(y);  // Voronoi mass of atom 0: over 0.8
  const auto result = semidiscrete({normal_source(2), target}, {.tolerance = 0.1});
  REQUIRE(result.converged);
  CHECK(power_weights(target, result.heights)[0] < -1.0);
}

TEST_CASE("semidiscrete: one atom takes all, equal atoms share, weight zero takes nothing") {
  Matrix one(2, 1);
  one << 3.0, -1.0;
  const auto single = semidiscrete({normal_source(2), DiscreteMeasure::uniform(one)}, {});
  CHECK(single.converged);
  CHECK(single.masses[0] == 1.0);

  Matrix y(2, 4);
  y << 1.0, -1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.1;
  Vector nu(4);
  nu << 0.2, 0.5, 0.3, 0.0;
  const auto result = semidiscrete({normal_source(2), DiscreteMeasure(y, nu)}, {.tolerance = 0.05});
  REQUIRE(result.converged);
  CHECK(result.heights[0] == result.heights[2]);
  CHECK(result.masses[0] / result.masses[2] == doctest::Approx(2.0 / 3.0).epsilon(1e-12));
  CHECK(result.masses[3] == 0.0);
  CHECK(std::isfinite(result.heights[3]));
}

TEST_CASE("semidiscrete: the same bits for 1, 2, 3 and 8 threads") {
  const Matrix y = normals(5, 40, 2);
  const SemidiscreteProblem problem{normal_source(5), DiscreteMeasure::uniform(y)};
  const auto one = semidiscrete(problem, {.tolerance = 0.4, .threads = 1});
  for (const int threads : {2, 3, 8}) {
    const auto many = semidiscrete(problem, {.tolerance = 0.4, .threads = threads});
    CHECK(many.heights == one.heights);
    CHECK(many.primal.value == one.primal.value);
    CHECK(many.mass_error_bound == one.mass_error_bound);
  }
}

TEST_CASE("semidiscrete: a copied state continues with the same bits, for both methods") {
  const Matrix y = normals(4, 30, 3);
  for (const auto method : {SemidiscreteMethod::stochastic_newton, SemidiscreteMethod::mc_adam}) {
    const SemidiscreteSolver solver({normal_source(4), DiscreteMeasure::uniform(y)},
                                    {.method = method, .tolerance = 0.5, .max_iterations = 60});
    SemidiscreteState state = solver.init();
    for (int i = 0; i < 7; ++i) solver.step(state);
    const SemidiscreteSolver again({normal_source(4), DiscreteMeasure::uniform(y)},
                                   {.method = method, .tolerance = 0.5, .max_iterations = 60});
    SemidiscreteState copy = state;
    again.check(copy);
    while (!solver.finished(state)) solver.step(state);
    while (!again.finished(copy)) again.step(copy);
    CHECK(copy.average == state.average);
    CHECK(again.result(copy).mass_error_bound == solver.result(state).mass_error_bound);
  }
}

TEST_CASE("semidiscrete: running out of iterations or patience is a result with known errors") {
  const Matrix y = normals(4, 30, 3);
  const SemidiscreteProblem problem{normal_source(4), DiscreteMeasure::uniform(y)};
  for (const int iterations : {0, 1, 3, 8}) {
    const auto result =
        semidiscrete(problem, {.tolerance = 0.01, .max_iterations = iterations, .threads = 1});
    CHECK_FALSE(result.converged);
    CHECK(result.termination == Termination::max_iterations);
    CHECK(result.heights.allFinite());
    CHECK(result.mass_error_bound >= result.mass_error);
  }
  for (int iterations = 2; iterations < 12; ++iterations) {  // in the ascent, in a certificate, ...
    const auto result =
        semidiscrete(problem, {.tolerance = 0.3, .max_iterations = iterations, .threads = 1});
    CHECK(result.mass_error_bound >= result.mass_error);
  }
  int calls = 0;
  const auto stopped =
      semidiscrete(problem, {.tolerance = 0.01}, [&](const Progress&) { return ++calls < 5; });
  CHECK(stopped.termination == Termination::interrupted);
  CHECK(calls == 5);
  CHECK(semidiscrete(problem, {.tolerance = 1e-6, .time_limit_seconds = 0.05}).termination ==
        Termination::time_limit);
}

TEST_CASE("semidiscrete: clusters of atoms keep their balance") {
  // Eight clusters of 32 atoms of spread 0.15. Scores change so much faster from one cluster to the
  // next than within one that lists of the best cells do not tell how mass moves between them.
  // Atoms and draws far from 0 are the same problem.
  const Matrix y = ring_of_gaussians(8, 4.0, 0.18).draws({.seed = 77}, 256);
  const auto near = semidiscrete({normal_source(2), DiscreteMeasure::uniform(y)},
                                 {.tolerance = 0.5, .seed = 1, .threads = 1});
  CHECK(near.converged);
  CHECK(near.empty_cells == 0);
  // Statistics ask for 195 draws an atom; a second attempt at a certificate may come on top.
  CHECK(near.ascent_samples < 256 * 800);
  const Matrix far = y.array() + 1e4;
  CHECK(semidiscrete({normal_source(2), DiscreteMeasure::uniform(far)},
                     {.tolerance = 0.5, .seed = 1, .threads = 1})
            .converged);
}

TEST_CASE("semidiscrete: draws that are not numbers end the run") {
  struct Broken final : Sampler {
    Index dim() const override { return 2; }
    void draw(const RngKey& key, PointsOut x) const override {
      fill_normal(key, x, 1);
      if (key.purpose == Draw::source) x.setConstant(std::nan(""));
    }
  };
  const auto result =
      semidiscrete({std::make_shared<Broken>(), DiscreteMeasure::uniform(normals(2, 8, 1))});
  CHECK_FALSE(result.converged);
  CHECK(result.termination == Termination::non_finite);
}

TEST_CASE("semidiscrete: the recipe and Newton's method agree on the dual") {
  const Matrix y = normals(4, 20, 8);
  const SemidiscreteProblem problem{normal_source(4), DiscreteMeasure::uniform(y)};
  const auto ours = semidiscrete(problem, {.tolerance = 0.2});
  const auto recipe =
      semidiscrete(problem, {.method = SemidiscreteMethod::mc_adam, .tolerance = 0.5});
  REQUIRE(ours.converged);
  REQUIRE(recipe.converged);
  CHECK(ours.dual.value - recipe.dual.value >
        -5.0 * std::hypot(ours.dual.standard_error, recipe.dual.standard_error));
  CHECK(ours.dual.value - recipe.dual.value < 0.05);
}

TEST_CASE("semidiscrete: bad input is named") {
  const DiscreteMeasure target = DiscreteMeasure::uniform(normals(2, 3, 1));
  CHECK_THROWS_WITH_AS(semidiscrete({nullptr, target}),
                       "semidiscrete: source is \"null\", expected a sampler",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(
      semidiscrete({normal_source(3), target}),
      "semidiscrete: source.dim() is 3, expected the dimension of the target's atoms",
      std::invalid_argument);
  CHECK_THROWS_WITH_AS(semidiscrete({normal_source(2), target}, {.tolerance = 0.0}),
                       "SemidiscreteOptions: tolerance is 0, expected greater than 0",
                       std::invalid_argument);
  Matrix large = normals(2, 3, 1);
  large(1, 2) = -1e151;
  CHECK_THROWS_WITH_AS(semidiscrete({normal_source(2), DiscreteMeasure::uniform(large)}),
                       "semidiscrete: target.points()(1, 2) is -1e+151, expected at most 1e150 in "
                       "size: squared distances would overflow",
                       std::invalid_argument);
  const SemidiscreteSolver solver({normal_source(2), target}, {});
  SemidiscreteState state = solver.init();
  state.hits.resize(2);
  CHECK_THROWS_WITH_AS(solver.check(state),
                       "SemidiscreteState: hits.size() is 2, expected 3, as this problem has",
                       std::invalid_argument);
  state.level = 99;
  CHECK_THROWS_WITH_AS(solver.check(state),
                       "SemidiscreteState: level is 99, expected a level of this problem",
                       std::invalid_argument);
}

TEST_CASE("semidiscrete certificate: the bounds fail no more often than they say") {
  // Ten cells, one of which is off by just 0.3 and the others by a little less: the hardest case
  // for a bound that is the largest of the cells' own. 1000 certificates at failure 0.05 each:
  // failures are binomial with mean 50 at most, standard deviation 6.9.
  const Index cells = 10;
  const Vector weights = Vector::LinSpaced(cells, 1.0, 10.0) / 55.0;
  for (const double sign : {1.0, -1.0}) {
    Vector masses = weights;
    masses[0] *= 1.0 + sign * 0.3;
    masses[1] *= 1.0 + sign * 0.25;
    masses[9] += 1.0 - masses.sum();
    const double l1 = (masses - weights).cwiseAbs().sum();
    int failures = 0, l1_failures = 0;
    for (std::uint32_t trial = 0; trial < 1000; ++trial) {
      const IndexVector labels = categorical({.seed = 3, .step = trial}, masses, 2000);
      IndexVector hits = IndexVector::Zero(cells);
      for (const Index label : labels) ++hits[label];
      const auto bounds =
          ot::detail::mass_bounds({2000, hits, IndexVector::Ones(hits.size())}, weights, 0.05);
      CHECK(bounds.relative_bound >= bounds.relative_error);
      if (bounds.relative_bound < 0.3) ++failures;
      if (bounds.l1_bound < l1) ++l1_failures;
    }
    CHECK(failures <= 50 + 5 * 6.9);
    CHECK(l1_failures <= 50 + 5 * 6.9);
  }
}

TEST_CASE("semidiscrete: a Gaussian in many dimensions, drawn on circles, is certified") {
  // Its mean is not the origin, so mirror images are about the mean. Masses found by independent
  // draws, sorted by plain products, lie within the certified bound and their own noise.
  const Index d = 9, n = 60, draws = 60'000;
  Matrix y(d, n), x(d, draws);
  fill_normal({.seed = 4}, y, 1);
  const Vector mean = Vector::LinSpaced(d, -1.0, 2.0);
  const auto source = std::make_shared<GaussianMixture>(
      GaussianMixture::isotropic(Vector::Ones(1), mean, Vector::Constant(1, 1.5)));
  const ot::SemidiscreteProblem problem{source, DiscreteMeasure::uniform(y)};
  ot::SemidiscreteOptions options{.tolerance = 0.5, .threads = 1};
  const auto result = ot::semidiscrete(problem, options);
  REQUIRE(result.converged);
  CHECK(result.mass_error_bound <= 0.5);
  source->draw({.seed = 99, .purpose = Draw::reference}, x);
  IndexVector hits = IndexVector::Zero(n);
  for (Index i = 0; i < draws; ++i) {
    Index best;
    (y.transpose() * x.col(i) + result.heights).maxCoeff(&best);
    ++hits[best];
  }
  const double expected = static_cast<double>(draws / n);
  for (Index j = 0; j < n; ++j) {  // five standard errors of 1 / sqrt(1000 (1 + 0.5))
    const double error = std::abs(static_cast<double>(hits[j]) / expected - 1.0);
    CHECK(error < 0.5 + 5.0 * std::sqrt(1.5 / expected));
  }
  options.threads = 3;
  const auto again = ot::semidiscrete(problem, options);
  CHECK(again.heights == result.heights);
  CHECK(again.masses == result.masses);
}

TEST_CASE("semidiscrete certificate: mirror images bound masses as often as they say") {
  // Cells of the line cut at -1, 0.5 and 1.5: the mean lies in the second, which counts one draw a
  // trial. Failures are binomial with mean 50 at most, standard deviation 6.9.
  const double cuts[] = {-1.0, 0.5, 1.5};
  const auto cdf = [](double t) { return 0.5 * std::erfc(-t / std::sqrt(2.0)); };
  const Vector masses{{cdf(-1.0), cdf(0.5) - cdf(-1.0), cdf(1.5) - cdf(0.5), 1.0 - cdf(1.5)}};
  const auto cell = [&](double t) { return (t > cuts[0]) + (t > cuts[1]) + (t > cuts[2]); };
  for (Index wrong = 0; wrong < 4; ++wrong) {
    Vector weights = masses;  // cell `wrong` has 1.3 times its weight
    weights[wrong] /= 1.3;
    int failures = 0;
    for (std::uint32_t trial = 0; trial < 1000; ++trial) {
      Matrix x(1, 300);
      fill_normal({.seed = 6, .step = trial}, x, 1);
      ot::detail::BinomialCounts counts{300, IndexVector::Zero(4), IndexVector::Constant(4, 2)};
      counts.chances[1] = 1;
      for (const double t : x.reshaped()) {
        ++counts.hits[cell(t)];
        if (cell(-t) != 1) ++counts.hits[cell(-t)];
      }
      if (ot::detail::mass_bounds(counts, weights, 0.05).relative_bound < 0.3) ++failures;
    }
    CHECK(failures <= 50 + 5 * 6.9);
  }
}

TEST_CASE("semidiscrete certificate: planned draws are what a bound takes") {
  // Exact masses: of 64 certificates with the planned draws half should come out below tolerance.
  const Index cells = 200;
  const Vector weights = Vector::Constant(cells, 1.0 / cells);
  const double failure = 5e-4;
  const auto n = static_cast<Index>(static_cast<double>(cells) *
                                    ot::detail::certificate_hits(0.5, 0.0, failure, cells));
  int passed = 0;
  for (std::uint32_t trial = 0; trial < 64; ++trial) {
    const IndexVector labels = categorical({.seed = 8, .step = trial}, weights, n);
    IndexVector hits = IndexVector::Zero(cells);
    for (const Index label : labels) ++hits[label];
    passed += ot::detail::mass_bounds({n, hits, IndexVector::Ones(hits.size())}, weights, failure)
                          .relative_bound <= 0.5
                  ? 1
                  : 0;
  }
  CHECK(passed > 12);  // 32 less five standard deviations of 4
  CHECK(passed < 62);  // skewness makes the plan a little generous
}

TEST_CASE("semidiscrete certificate: chi squared is unbiased and its standard error is honest") {
  Vector weights = Vector::Constant(8, 0.125), masses(8);
  masses << 0.2, 0.05, 0.125, 0.125, 0.1, 0.15, 0.125, 0.125;
  const double truth = ((masses - weights).array().square() / weights.array()).sum();
  const int trials = 400;
  double mean = 0.0, square = 0.0, claimed = 0.0;
  for (std::uint32_t trial = 0; trial < trials; ++trial) {
    const IndexVector labels = categorical({.seed = 4, .step = trial}, masses, 300);
    IndexVector hits = IndexVector::Zero(8);
    for (const Index label : labels) ++hits[label];
    const auto chi = ot::detail::chi_squared(hits, 300, weights);
    mean += chi.value / trials;
    square += chi.value * chi.value / trials;
    claimed += chi.standard_error / trials;
  }
  const double deviation = std::sqrt(square - mean * mean);
  CHECK(std::abs(mean - truth) < 5.0 * deviation / std::sqrt(double(trials)));
  // the sample deviation of 400 is within 5 / sqrt(800) = 18%; the claim is a little too large
  CHECK(claimed > 0.82 * deviation);
  CHECK(claimed < 1.35 * deviation);
}

TEST_CASE("semidiscrete: averaging brings the variance of the heights down like 1 / t" *
          doctest::test_suite("slow")) {
  const Matrix y = normals(3, 12, 9);
  const SemidiscreteProblem problem{normal_source(3), DiscreteMeasure::uniform(y)};
  // The variance over 8 seeds at the start and the end of more than a decade of draws, in 12
  // groups of seeds: slopes of their own, whose mean has a standard error.
  constexpr int groups = 12, seeds = 8;
  constexpr double targets[] = {1e4, 1.5e5};
  std::vector<double> slopes;
  for (int group = 0; group < groups; ++group) {
    double log_variance[2], log_draws[2] = {0.0, 0.0};
    Matrix heights[2] = {Matrix(12, seeds), Matrix(12, seeds)};
    for (int i = 0; i < seeds; ++i) {
      const SemidiscreteSolver solver(
          problem, {.tolerance = 0.01, .seed = static_cast<std::uint64_t>(seeds * group + i)});
      SemidiscreteState state = solver.init();
      for (int k = 0; k < 2; ++k) {
        while (static_cast<double>(state.averaged_samples) < targets[k]) solver.step(state);
        heights[k].col(i) = solver.result(state).heights;
        heights[k].col(i).array() -= heights[k].col(i).mean();
        log_draws[k] += std::log(static_cast<double>(state.averaged_samples)) / seeds;
      }
    }
    for (int k = 0; k < 2; ++k) {
      const Vector mean = heights[k].rowwise().mean();
      log_variance[k] = std::log((heights[k].colwise() - mean).squaredNorm());
    }
    slopes.push_back((log_variance[1] - log_variance[0]) / (log_draws[1] - log_draws[0]));
  }
  const Eigen::Map<const Vector> slope(slopes.data(), groups);
  const double mean = slope.mean();
  const double error = std::sqrt((slope.array() - mean).square().sum() / (groups * (groups - 1.0)));
  MESSAGE("slope " << mean << " +- " << error);
  CHECK(error < 0.06);  // so that a rate of t^-0.7 would be seen
  CHECK(std::abs(mean + 1.0) < 5.0 * error);
}
