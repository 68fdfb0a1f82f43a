#include "pushforward/ot/semidiscrete_line.hpp"

#include <cmath>
#include <numbers>
#include <stdexcept>

#include <doctest/doctest.h>

#include "pushforward/core/special.hpp"
#include "pushforward/ot/univariate.hpp"

#include "tests/support/splitmix.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using testing::Splitmix;

namespace {

DiscreteMeasure atoms(const Vector& places, const Vector& weights) {
  return DiscreteMeasure(places.transpose(), weights, Mass::normalise);
}

DiscreteMeasure random_atoms(std::uint64_t seed, Index n) {
  Splitmix draws(seed);
  const Vector places = 3 * draws.uniform(n, 1);
  return atoms(places, draws.uniform(n, 1));
}

LineLawPtr two_bells() {
  Vector weights(2), deviations(2);
  weights << 0.4, 0.6;
  deviations << 0.5, 0.2;
  Matrix means(1, 2);
  means << 0, 2;
  return mixture_line_law(GaussianMixture::isotropic(weights, means, deviations));
}

Vector of(std::initializer_list<double> values) {
  return Eigen::Map<const Vector>(values.begin(), static_cast<Index>(values.size()));
}

}  // namespace

TEST_CASE("semidiscrete_line: two atoms against the Gaussian") {
  const auto result = semidiscrete_line(gaussian_line_law(0, 1), atoms(of({-1, 1}), of({1, 1})));
  CHECK(result.converged);
  CHECK(std::abs(result.boundaries[0]) < 1e-16);
  const double exact = 2 - 2 * std::sqrt(2 / std::numbers::pi);
  CHECK(result.transport_cost == doctest::Approx(exact).epsilon(1e-14));
  CHECK(result.certificate.dual == doctest::Approx(exact).epsilon(1e-14));
  CHECK(result.weights.cwiseAbs().maxCoeff() < 1e-15);
  // Unequal masses: the boundary is the quantile, E |x - T|^2 = 2 - 2 E x T = 2 - 4 phi(e).
  const auto skew = semidiscrete_line(gaussian_line_law(0, 1), atoms(of({1, -1}), of({1, 9})));
  const double e = normal_quantile(0.9);
  CHECK(skew.boundaries[0] == doctest::Approx(e).epsilon(1e-14));
  CHECK(skew.transport_cost ==
        doctest::Approx(2 - 4 * std::exp(-e * e / 2) / std::sqrt(2 * std::numbers::pi))
            .epsilon(1e-14));
  CHECK(skew.order[0] == 1);
}

TEST_CASE("semidiscrete_line: equally spaced atoms on the interval cost 1 / (12 k^2)") {
  for (const Index k : {1, 2, 3, 10, 1000}) {
    const Vector places = (Vector::LinSpaced(k, 0, static_cast<double>(k - 1)).array() + 0.5) / k;
    const auto result =
        semidiscrete_line(uniform_line_law(0, 1), DiscreteMeasure::uniform(places.transpose()));
    const double exact = 1.0 / (12.0 * static_cast<double>(k * k));
    CHECK(result.converged);
    CHECK(result.transport_cost == doctest::Approx(exact).epsilon(1e-12));
    CHECK(std::abs(result.certificate.gap()) < 1e-12 * exact + 1e-16);
    CHECK(result.weights.cwiseAbs().maxCoeff() < 1e-13);
    CHECK(result.mass_error < 1e-12);
    CHECK((result.barycenters - places).cwiseAbs().maxCoeff() < 1e-15);
  }
}

TEST_CASE("semidiscrete_line: primal equals dual, masses come back from the weights") {
  Vector knots(3);
  knots << 0, 1, 3;
  Matrix hat(2, 2);
  hat << 1, 1, 1, -1;
  const LineLawPtr quadratic = quantile_line_law([](double t) { return 3 * t * t; });
  for (const LineLawPtr& law : {uniform_line_law(0, 3), gaussian_line_law(1, 2), two_bells(),
                                piecewise_polynomial_line_law(knots, hat), quadratic}) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      const DiscreteMeasure target = random_atoms(seed, 40);
      const auto result = semidiscrete_line(law, target);
      CHECK(result.converged);
      // A quantile function near its flat end t = 0 tells masses to rounding / (6 t) only.
      CHECK(result.mass_l1_error < (law == quadratic ? 1e-11 : 1e-13));
      CHECK(result.empty_cells == 0);
      // Neighbours are 1e-4 apart at least: heights settle boundaries to 1e-12 or so.
      CHECK(result.potential_mass_l1_error < 1e-10);
      CHECK(result.certificate.dual == doctest::Approx(result.certificate.primal).epsilon(1e-11));
      CHECK(std::abs(target.weights().dot(result.weights)) < 1e-13);
      const Vector z = target.points().row(0).transpose().array() - result.origin;
      const Vector change = 2 * result.heights + z.cwiseAbs2() - result.weights;
      CHECK(change.maxCoeff() - change.minCoeff() < 1e-13);
    }
  }
}

TEST_CASE("semidiscrete_line: any heights bound the cost from below, the optimal ones attain it") {
  const LineLawPtr law = two_bells();
  const DiscreteMeasure target = random_atoms(3, 12);
  const auto result = semidiscrete_line(law, target);
  const Vector sites = target.points().row(0);
  const Vector z = sites.array() - law->origin();
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Vector heights = result.heights + 0.3 * Vector(Splitmix(seed).uniform(12, 1));
    const LineCells cells = line_cells(*law, sites, heights);
    CHECK(cells.masses.sum() == doctest::Approx(1).epsilon(1e-13));
    const Vector w = 2 * heights + z.cwiseAbs2();
    CHECK(cells.second_moments.sum() + w.dot(target.weights() - cells.masses) <
          result.transport_cost);
  }
}

TEST_CASE("semidiscrete_line: agrees with the quantile coupling of a hundred thousand points") {
  const LineLawPtr law = two_bells();
  const Index n = 100'000;
  Matrix points(1, n);
  for (Index i = 0; i < n; ++i) {
    const double t = (static_cast<double>(i) + 0.5) / static_cast<double>(n);
    points(0, i) = law->quantile({t, 1 - t}) + law->origin();
  }
  const DiscreteMeasure target = random_atoms(8, 30);
  const double sampled =
      univariate_wasserstein_power(DiscreteMeasure::uniform(points), target, 2.0);
  // Midpoint sums of a quantile with Gaussian tails: the last point of 1e5 errs by 1e-5 / 4 or so.
  CHECK(std::abs(semidiscrete_line(law, target).transport_cost - sampled) < 1e-5);
}

TEST_CASE("semidiscrete_line: translation, scaling and permutation") {
  const DiscreteMeasure target = random_atoms(5, 25);
  const auto base = semidiscrete_line(uniform_line_law(0, 3), target);
  const Matrix scaled = 2 * target.points();
  const auto twice =
      semidiscrete_line(uniform_line_law(0, 6), DiscreteMeasure(scaled, target.weights()));
  CHECK(twice.transport_cost == doctest::Approx(4 * base.transport_cost).epsilon(1e-13));
  CHECK((twice.weights - 4 * base.weights).cwiseAbs().maxCoeff() < 1e-12);
  // y -> y + t: w_j moves by 2 y_j t + const, W_2^2 by t^2 + 2 t (mean of nu - mean of mu).
  const double t = 0.7;
  const Matrix moved = target.points().array() + t;
  const auto shifted =
      semidiscrete_line(uniform_line_law(0, 3), DiscreteMeasure(moved, target.weights()));
  CHECK(shifted.transport_cost ==
        doctest::Approx(base.transport_cost + t * t + 2 * t * (target.mean()[0] - 1.5))
            .epsilon(1e-13));
  const Vector change = shifted.weights - base.weights - 2 * t * target.points().row(0).transpose();
  CHECK(change.maxCoeff() - change.minCoeff() < 1e-12);
  const auto backwards = semidiscrete_line(
      uniform_line_law(0, 3),
      DiscreteMeasure(target.points().rowwise().reverse(), target.weights().reverse()));
  CHECK(backwards.transport_cost == doctest::Approx(base.transport_cost).epsilon(1e-14));
  CHECK((backwards.weights.reverse() - base.weights).cwiseAbs().maxCoeff() < 1e-13);
}

TEST_CASE("semidiscrete_line: equal atoms share a cell, atoms of weight zero have an empty one") {
  const auto result = semidiscrete_line(uniform_line_law(0, 1),
                                        atoms(of({0.75, 0.25, 0.75, 0.4, 2}), of({1, 2, 1, 0, 0})));
  CHECK(result.converged);
  CHECK(result.weights[0] == result.weights[2]);
  CHECK(result.masses[0] == doctest::Approx(0.25).epsilon(1e-15));
  CHECK(result.masses[2] == doctest::Approx(0.25).epsilon(1e-15));
  CHECK(result.masses[3] == 0.0);
  CHECK(result.masses[4] == 0.0);
  CHECK(result.transport_cost == doctest::Approx(1.0 / 48).epsilon(1e-14));
  // The largest weights with an empty cell: |e - y|^2 - w touches the lower envelope, at the
  // boundary 1/2 for the inner site and at the end 1 of the interval for the outer one.
  const double w = result.weights[0];
  CHECK(0.01 - result.weights[3] == doctest::Approx(0.0625 - w).epsilon(1e-13));
  CHECK(1.0 - result.weights[4] == doctest::Approx(0.0625 - w).epsilon(1e-13));
}

TEST_CASE("semidiscrete_line: extreme masses, far sites and far laws end well") {
  // Ratios of 1e15 and masses of 1e-300 in the tail of a Gaussian, where places can tell them.
  for (const double small : {1e-15, 1e-300}) {
    const auto result = semidiscrete_line(gaussian_line_law(0, 1),
                                          atoms(of({-2, 0, 1, 5}), of({small, 1, 1, small})));
    CHECK(result.converged);
    CHECK(result.mass_error < 1e-11);
    CHECK(result.empty_cells == 0);
    CHECK(result.certificate.dual == doctest::Approx(result.transport_cost).epsilon(1e-13));
  }
  // Between two others a cell of mass 1e-300 has no width in double: said, and solved.
  const auto inner =
      semidiscrete_line(gaussian_line_law(0, 1), atoms(of({-2, 0, 1}), of({1, 1e-300, 1})));
  CHECK(inner.converged);
  CHECK(inner.empty_cells == 1);
  CHECK(inner.mass_error == 1.0);

  const Vector weights = of({1, 2, 3, 4});
  const Vector places = of({0.125, 0.25, 0.5, 0.875});
  const auto base = semidiscrete_line(uniform_line_law(0, 1), atoms(places, weights));
  const auto offset =
      semidiscrete_line(uniform_line_law(1e8, 1e8 + 1), atoms(places.array() + 1e8, weights));
  CHECK(offset.transport_cost == doctest::Approx(base.transport_cost).epsilon(1e-14));
  CHECK((offset.weights - base.weights).cwiseAbs().maxCoeff() == 0.0);
  CHECK(offset.potential_mass_l1_error < 1e-14);

  const auto outside =
      semidiscrete_line(uniform_line_law(0, 1), atoms(places.array() + 1e8, weights));
  CHECK(outside.converged);
  CHECK(outside.certificate.dual == doctest::Approx(outside.transport_cost).epsilon(1e-14));
  CHECK(outside.potential_mass_l1_error < 1e-12);
  // Clusters 1e-12 apart.
  const auto cluster = semidiscrete_line(uniform_line_law(0, 1),
                                         atoms(of({0.5, 0.5 + 1e-12, 0.5 + 2e-12, 0.5}), weights));
  CHECK(cluster.converged);
  CHECK(cluster.mass_error < 1e-14);
  CHECK(cluster.transport_cost == doctest::Approx(1.0 / 12).epsilon(1e-11));
}

TEST_CASE("semidiscrete_line: densities with gaps, and with bins of ratio 1e15") {
  Vector edges(4);
  edges << 0, 1, 2, 3;
  const auto gap = semidiscrete_line(histogram_line_law(edges, of({1, 0, 1})),
                                     atoms(of({0.5, 2.5}), of({1, 1})));
  CHECK(gap.converged);
  CHECK(gap.transport_cost == doctest::Approx(1.0 / 12).epsilon(1e-14));
  const auto steep =
      semidiscrete_line(histogram_line_law(edges, of({1, 1e-15, 1})), random_atoms(9, 50));
  CHECK(steep.converged);
  CHECK(steep.certificate.dual == doctest::Approx(steep.transport_cost).epsilon(1e-12));
}

TEST_CASE("semidiscrete_line: same bits for any number of threads") {
  const DiscreteMeasure target = random_atoms(6, 3000);
  const auto one = semidiscrete_line(two_bells(), target, {.threads = 1});
  for (const int threads : {2, 3, 8}) {
    const auto many = semidiscrete_line(two_bells(), target, {.threads = threads});
    CHECK(many.transport_cost == one.transport_cost);
    CHECK(many.certificate.dual == one.certificate.dual);
    CHECK(many.weights == one.weights);
    CHECK(many.masses == one.masses);
  }
}

TEST_CASE("semidiscrete_line: bad input is named") {
  const LineLawPtr law = uniform_line_law(0, 1);
  const DiscreteMeasure target = random_atoms(1, 3);
  CHECK_THROWS_WITH_AS(semidiscrete_line(nullptr, target),
                       "semidiscrete_line: source is \"null\", expected a law",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(semidiscrete_line(law, DiscreteMeasure::uniform(Matrix::Zero(2, 1))),
                       "semidiscrete_line: target.dim() is 2, expected 1", std::invalid_argument);
  CHECK_THROWS_WITH_AS(semidiscrete_line(law, target, {.tolerance = 0}),
                       "SemidiscreteLineOptions: tolerance is 0, expected greater than 0",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(line_cells(*law, Vector(0), Vector(0)),
                       "line_cells: sites.size() is 0, expected at least one",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(line_cells(*law, of({0, 1}), of({0})),
                       "line_cells: heights.size() is 1, expected one per site, 2",
                       std::invalid_argument);
  CHECK_THROWS_AS(line_cells(*law, of({0, NAN}), of({0, 0})), std::invalid_argument);
}
