#include "pushforward/core/rng.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "pushforward/core/special.hpp"

using namespace pushforward;

namespace {

Matrix normals(const RngKey& key, Index rows, Index columns) {
  Matrix x(rows, columns);
  fill_normal(key, x);
  return x;
}

Matrix single_normals(const RngKey& key, Index rows, Index columns) {
  Eigen::MatrixXf x(rows, columns);
  fill_normal(key, x.data(), rows, columns);
  return x.cast<double>();
}

// sqrt(n) sup |F_n - F|; exceeds 2.73 with probability 2 exp(-2 * 2.73^2) = 6e-7, as 5 standard
// errors are.
double kolmogorov_smirnov(Matrix x, double (*cdf)(double)) {
  std::sort(x.data(), x.data() + x.size());
  const double n = static_cast<double>(x.size());
  double largest = 0.0;
  for (Index i = 0; i < x.size(); ++i) {
    const double f = cdf(x.data()[i]);
    largest =
        std::max({largest, f - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - f});
  }
  return std::sqrt(n) * largest;
}

// The correlation of two sets of standard normals, in standard errors; of their squares too, since
// draws may depend on each other without correlation.
double correlation(const Matrix& x, const Matrix& y) {
  const double root_n = std::sqrt(static_cast<double>(x.size()));
  const double plain = (x.array() * y.array()).mean() * root_n;
  const double squares = ((x.array().square() - 1.0) * (y.array().square() - 1.0)).mean() * root_n;
  return std::max(std::abs(plain), std::abs(squares) / 2.0);
}

}  // namespace

TEST_CASE("rng: a column depends on its chain alone, not on the block it is drawn in") {
  const RngKey key{.seed = 7, .chain = 3, .step = 2};
  Matrix all(5, 40);
  fill_normal(key, all);
  for (Index i : {Index{0}, Index{17}, Index{39}}) {
    Matrix one(5, 1);
    fill_normal(key.at_chain(key.chain + static_cast<std::uint32_t>(i)), one);
    CHECK(one == all.col(i));
  }
}

TEST_CASE("rng: normals have the same bits for 1, 2, 3 and 8 threads") {
  const RngKey key{.seed = 11};
  Matrix one(7, 3001);
  fill_normal(key, one, 1);
  for (int threads : {2, 3, 8}) {
    Matrix many(7, 3001);
    fill_normal(key, many, threads);
    CHECK(many == one);
  }
}

TEST_CASE("rng: normals have the moments of N(0, 1) within 5 standard errors") {
  for (const Matrix& x :
       {normals({.seed = 1}, 4, 250'000), single_normals({.seed = 1}, 4, 250'000)}) {
    const double n = static_cast<double>(x.size());
    CHECK(std::abs(x.mean()) < 5.0 / std::sqrt(n));
    CHECK(std::abs(x.squaredNorm() / n - 1.0) < 5.0 * std::sqrt(2.0 / n));
    CHECK(std::abs(x.array().cube().mean()) < 5.0 * std::sqrt(15.0 / n));
    CHECK(std::abs(x.array().square().square().mean() - 3.0) < 5.0 * std::sqrt(96.0 / n));
  }
}

TEST_CASE("rng: normals and uniforms follow their distribution functions") {
  for (std::uint64_t seed : {1, 2, 3}) {
    CHECK(kolmogorov_smirnov(normals({.seed = seed}, 3, 50'000), normal_cdf) < 2.73);
    CHECK(kolmogorov_smirnov(single_normals({.seed = seed}, 3, 50'000), normal_cdf) < 2.73);
    Matrix u(3, 50'000);
    fill_uniform({.seed = seed}, u);
    CHECK(u.minCoeff() > 0.0);
    CHECK(u.maxCoeff() < 1.0);
    CHECK(kolmogorov_smirnov(u, [](double x) { return x; }) < 2.73);
    Eigen::MatrixXf v(3, 50'000);
    fill_uniform({.seed = seed}, v.data(), 3, 50'000);
    CHECK(v.minCoeff() > 0.0F);
    CHECK(v.maxCoeff() < 1.0F);
    CHECK(kolmogorov_smirnov(v.cast<double>(), [](double x) { return x; }) < 2.73);
  }
}

TEST_CASE("rng: the share of normals beyond 3, 4 and 5 is right, on either side") {
  const Index n = 4'000'000;
  for (const Matrix& x : {normals({.seed = 5}, 8, n / 8), single_normals({.seed = 5}, 8, n / 8)}) {
    for (double limit : {3.0, 4.0, 5.0}) {
      const double expected = static_cast<double>(n) * normal_cdf(-limit);
      // 5 standard errors of a Poisson count; at limit 5 about one draw is expected on each side.
      const double allowed = 5.0 * std::sqrt(expected) + 2.0;
      CHECK(std::abs(static_cast<double>((x.array() > limit).count()) - expected) < allowed);
      CHECK(std::abs(static_cast<double>((x.array() < -limit).count()) - expected) < allowed);
    }
  }
}

TEST_CASE("rng: rows, columns, steps, purposes and seeds are independent") {
  const RngKey key{.seed = 9, .chain = 4, .step = 6, .purpose = Draw::noise};
  const auto check = [&](auto&& draw) {
    const Matrix x = draw(key, 8, 20'000);
    CHECK(correlation(x.topRows(7), x.bottomRows(7)) < 5.0);
    CHECK(correlation(x.leftCols(19'999), x.rightCols(19'999)) < 5.0);
    CHECK(correlation(x, draw(key.at_step(7), 8, 20'000)) < 5.0);
    CHECK(correlation(x, draw(key.for_purpose(Draw::initial), 8, 20'000)) < 5.0);
    CHECK(correlation(x, draw({key.seed + 1, key.chain, key.step, key.purpose}, 8, 20'000)) < 5.0);
  };
  check(normals);
  check(single_normals);
}

TEST_CASE("rng: labels are independent of the normals of the same key") {
  const RngKey key{.seed = 12};
  const Index n = 200'000;
  const IndexVector labels = categorical(key, Vector::Constant(2, 0.5), n);
  const Matrix x = normals(key, 1, n);
  const double mean = (x.transpose().array() * (2.0 * labels.cast<double>().array() - 1.0)).mean();
  CHECK(std::abs(mean) < 5.0 / std::sqrt(static_cast<double>(n)));
}

TEST_CASE("rng: a column block of a larger matrix is filled and no other entry") {
  Matrix large = Matrix::Constant(7, 9, -99.0);
  fill_normal({.seed = 2}, large.block(1, 2, 5, 6));
  CHECK(large.block(1, 2, 5, 6) == normals({.seed = 2}, 5, 6));
  CHECK((large.array() == -99.0).count() == 7 * 9 - 5 * 6);
  Matrix empty(0, 3);
  CHECK_NOTHROW(fill_normal({}, empty));
}

TEST_CASE("rng: a taller column begins with the shorter one") {
  CHECK(normals({.seed = 3}, 11, 20).topRows(5) == normals({.seed = 3}, 5, 20));
  CHECK(single_normals({.seed = 3}, 11, 20).topRows(5) == single_normals({.seed = 3}, 5, 20));
}

TEST_CASE("rng: categorical draws follow the weights and never pick a zero weight") {
  const Vector weights = (Vector(4) << 1.0, 0.0, 3.0, 0.0).finished();
  const IndexVector labels = categorical({.seed = 3}, weights, 100'000);
  const double share = static_cast<double>((labels.array() == 0).count()) / 1e5;
  CHECK((labels.array() == 1).count() == 0);
  CHECK((labels.array() == 3).count() == 0);
  CHECK(std::abs(share - 0.25) < 5.0 * std::sqrt(0.25 * 0.75 / 1e5));
}

TEST_CASE("rng: categorical refuses negative and vanishing weights") {
  const Vector negative = (Vector(2) << 1.0, -0.5).finished();
  CHECK_THROWS_WITH(categorical({}, negative, 1),
                    "categorical: weights[1] is -0.5, expected a non-negative number");
  CHECK_THROWS_WITH(categorical({}, Vector::Zero(2), 1),
                    "categorical: the sum of weights is 0, expected greater than 0");
}
