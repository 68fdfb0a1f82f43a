#include "pushforward/ot/coupling.hpp"

#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include "pushforward/ot/rounding.hpp"

#include "tests/support/splitmix.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using testing::Splitmix;

namespace {

SparseCoupling sparse_of(const Matrix& masses) {
  std::vector<Coupling::Entry> entries;
  for (Index j = masses.cols() - 1; j >= 0; --j) {
    for (Index i = 0; i < masses.rows(); ++i) entries.push_back({i, j, masses(i, j)});
  }
  return {masses.rows(), masses.cols(), entries};
}

// Any positive matrix is implied by potentials: C = -log P, a = b = 1, f = g = 0, epsilon = 1.
PotentialCoupling implied_of(const Matrix& masses, Matrix& storage) {
  storage = -masses.array().log().matrix();
  const Vector a = Vector::Ones(masses.rows()), b = Vector::Ones(masses.cols());
  return {std::make_shared<MatrixCost>(storage), a, b, 0.0 * a, 0.0 * b, 1.0};
}

}  // namespace

TEST_CASE("coupling: dense, sparse and implied couplings act alike") {
  Splitmix draws(1);
  const Matrix masses = draws.uniform(13, 8), v = draws.uniform(3, 8), w = draws.uniform(2, 13);
  const Matrix x = draws.uniform(2, 13), y = draws.uniform(2, 8), costs = draws.uniform(13, 8);
  Matrix storage;
  const DenseCoupling dense(masses);
  const SparseCoupling sparse = sparse_of(masses);
  const PotentialCoupling implied = implied_of(masses, storage);
  const MatrixCost cost(costs);
  for (const Coupling* c : std::initializer_list<const Coupling*>{&dense, &sparse, &implied}) {
    CHECK(c->row_marginal().isApprox(masses.rowwise().sum(), 1e-14));
    CHECK(c->col_marginal().isApprox(masses.colwise().sum().transpose(), 1e-14));
    CHECK(c->apply(v).isApprox(v * masses.transpose(), 1e-14));
    CHECK(c->apply_transposed(w).isApprox(w * masses, 1e-14));
    CHECK(c->transport_cost(cost) ==
          doctest::Approx(masses.cwiseProduct(costs).sum()).epsilon(1e-14));
    const auto top = c->largest(4, 3);
    REQUIRE(top.size() == 3);
    CHECK(top[0].mass == doctest::Approx(masses.row(4).maxCoeff()).epsilon(1e-14));
    CHECK(top[0].mass >= top[1].mass);
    CHECK(top[1].mass >= top[2].mass);
    const auto map = c->barycentric_map(x, y);
    CHECK(map.points.col(5).isApprox(y * masses.row(5).transpose() / masses.row(5).sum(), 1e-13));
    CHECK(map.has_mass[5]);
  }
}

TEST_CASE("coupling: a source without mass stays where it is, and says so") {
  const SparseCoupling coupling(2, 1, {{1, 0, 0.5}});
  Matrix x(1, 2), y(1, 1);
  x << 3.0, 4.0;
  y << 7.0;
  const auto map = coupling.barycentric_map(x, y);
  CHECK(map.points(0, 0) == 3.0);
  CHECK(map.points(0, 1) == 7.0);
  CHECK_FALSE(map.has_mass[0]);
  CHECK(map.has_mass[1]);
}

TEST_CASE("coupling: equal places add up, zeros vanish, rows come in order") {
  const SparseCoupling coupling(3, 3, {{2, 1, 0.25}, {0, 2, 0.5}, {2, 1, 0.5}, {1, 1, 0.0}});
  REQUIRE(coupling.entries().size() == 2);
  CHECK(coupling.entries()[0].col == 2);
  CHECK(coupling.entries()[1].mass == 0.75);
  CHECK(coupling.first(1) == coupling.first(2));
}

TEST_CASE("coupling: pairs are drawn by their mass") {
  Splitmix draws(2);
  Matrix masses = draws.uniform(4, 5);
  masses(1, 2) = masses(3, 4) = 0.0;
  const double total = masses.sum();
  constexpr Index count = 40'000;
  const auto check = [&](const Coupling& coupling) {
    const auto pairs = coupling.sample({.seed = 5, .purpose = Draw::resample}, count);
    Matrix seen = Matrix::Zero(4, 5);
    for (Index k = 0; k < count; ++k) seen(pairs(0, k), pairs(1, k)) += 1.0;
    for (Index i = 0; i < 4; ++i) {
      for (Index j = 0; j < 5; ++j) {
        const double p = masses(i, j) / total;
        const double five_errors = 5.0 * std::sqrt(count * p * (1.0 - p));
        CHECK(std::abs(seen(i, j) - count * p) <= five_errors);
      }
    }
    return pairs;
  };
  CHECK(check(DenseCoupling(masses)) == check(sparse_of(masses)));
}

TEST_CASE("rounding: marginals become exact, in every form, within the proven distance") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Splitmix draws(10 + seed);
    const Index n = 1 + static_cast<Index>(seed % 9), m = 1 + static_cast<Index>(seed % 6);
    const Matrix masses = draws.uniform(n, m) / static_cast<double>(n * m);
    Vector a = draws.uniform(n, 1), b = draws.uniform(m, 1);
    if (seed % 4 == 0 && n > 1) a[0] = 0.0;
    a /= a.sum();
    b /= b.sum();
    const double bound = 2.0 * ((masses.rowwise().sum() - a).lpNorm<1>() +
                                (masses.colwise().sum().transpose() - b).lpNorm<1>());
    Matrix storage;
    const DenseCoupling dense = round_to_marginals(DenseCoupling(masses), a, b);
    const SparseCoupling sparse = round_to_marginals(sparse_of(masses), a, b);
    const PotentialCoupling implied = round_to_marginals(implied_of(masses, storage), a, b);
    const auto check = [&](const Coupling& rounded) {
      // Sums of n and m doubles of total one.
      CHECK((rounded.row_marginal() - a).lpNorm<Eigen::Infinity>() <= 1e-14);
      CHECK((rounded.col_marginal() - b).lpNorm<Eigen::Infinity>() <= 1e-14);
      Matrix entries(n, m);
      const Matrix units = Matrix::Identity(m, m);
      entries = rounded.apply(units).transpose();
      CHECK(entries.minCoeff() >= 0.0);
      CHECK((entries - masses).lpNorm<1>() <= bound * (1.0 + 1e-12));
    };
    check(dense);
    check(sparse);
    check(implied);
    const Matrix again = round_to_marginals(dense, a, b).matrix();
    CHECK((again - dense.matrix()).lpNorm<Eigen::Infinity>() <= 1e-15);
  }
}

TEST_CASE("coupling: bad input is refused by name") {
  Matrix masses = Matrix::Ones(2, 2);
  masses(1, 0) = -1.0;
  CHECK_THROWS_WITH_AS(DenseCoupling{masses},
                       "DenseCoupling: masses(1, 0) is -1, expected a finite number of at least 0",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(SparseCoupling(2, 2, {{2, 0, 1.0}}),
                       "SparseCoupling: entries[0].row is 2, expected between 0 and 1",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(SparseCoupling(2, 2, {{0, 0, -1.0}}),
                       "SparseCoupling: entries[0].mass is -1, expected a finite number of at "
                       "least 0",
                       std::invalid_argument);
  const SparseCoupling coupling(2, 3, {{0, 0, 1.0}});
  CHECK_THROWS_WITH_AS(coupling.apply(Matrix::Ones(1, 2)),
                       "Coupling: v.cols() is 2, expected 3, one per point", std::invalid_argument);
  CHECK_THROWS_WITH_AS(round_to_marginals(coupling, Vector::Ones(3), Vector::Ones(3)),
                       "round_to_marginals: a.size() is 3, expected 2, the rows of the coupling",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(round_to_marginals(coupling, Vector::Ones(2), Vector::Ones(2)),
                       "round_to_marginals: b.size() is 2, expected 3, the columns of the coupling",
                       std::invalid_argument);
  const Matrix cost = Matrix::Ones(2, 2);
  const Vector two = Vector::Ones(2);
  CHECK_THROWS_WITH_AS(PotentialCoupling(std::make_shared<MatrixCost>(cost), two, two, two, two, 0),
                       "PotentialCoupling: epsilon is 0, expected greater than 0",
                       std::invalid_argument);
}
