#include "pushforward/ot/partial_embedding.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

#include "pushforward/ot/partial.hpp"

#include "tests/ot/unequal_problems.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using namespace pushforward::testing;

TEST_CASE("partial embedding: against the reference it is the partial cost when no mass splits") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Splitmix draws(seed);
    const Index n = 3 + Index(seed % 12), m = 2 + Index(seed % 15);
    const Matrix x = draws.uniform(2, n), y = draws.uniform(2, m);
    const Vector a = Vector::Ones(n), b = Vector::Ones(m);  // whole masses do not split
    for (const double lambda : {0.01, 0.05, 2.0}) {
      const PartialEmbedding embedding = partial_embedding(x, a, y, b, lambda);
      CHECK(embedding.converged);
      const double norm = embedding_discrepancy(reference_embedding(x, a), embedding, lambda);
      const double cost = penalized_partial_transport(a, b, PointCost(x, y), lambda).objective;
      CHECK(std::abs(norm - cost) <= 1e-13 * double(n + m));
      CHECK(std::abs(embedding.mass.sum() + embedding.lost - double(m)) <= 1e-12);
    }
  }
}

TEST_CASE(
    "partial embedding: discrepancies are symmetric, zero to itself, linear for large lambda") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Splitmix draws(100 + seed);
    const Index n = 9;
    const Matrix x = draws.uniform(2, n), y = draws.uniform(2, 7), z = draws.uniform(2, 11);
    const Vector a = draws.uniform(n, 1), b = draws.uniform(7, 1), c = draws.uniform(11, 1);
    const PartialEmbedding one = partial_embedding(x, a, y, b, 0.05);
    const PartialEmbedding two = partial_embedding(x, a, z, c, 0.05);
    const double there = embedding_discrepancy(one, two, 0.05);
    CHECK(there > 0.0);
    CHECK(there == embedding_discrepancy(two, one, 0.05));
    PartialEmbedding same = one;
    same.lost = 0.0;  // what was lost is lost by both sides
    CHECK(embedding_discrepancy(same, same, 0.05) == 0.0);
    // Balanced and at a price above every cost: everything moves.
    const Vector even_b = b * (a.sum() / b.sum()), even_c = c * (a.sum() / c.sum());
    const PartialEmbedding all_one = partial_embedding(x, a, y, even_b, 10.0);
    const PartialEmbedding all_two = partial_embedding(x, a, z, even_c, 10.0);
    double linear = 0.0;
    for (Index i = 0; i < n; ++i) {
      linear += a[i] * (all_one.displacement.col(i) - all_two.displacement.col(i)).squaredNorm();
    }
    CHECK(std::abs(embedding_discrepancy(all_one, all_two, 10.0) - linear) <= 1e-12);
  }
}

TEST_CASE("partial embedding: interpolation runs from the reference to the target") {
  Splitmix draws(5);
  const Matrix x = draws.uniform(2, 8), y = draws.uniform(2, 6);
  const Vector a = Vector::Ones(8), b = Vector::Ones(6);
  const PartialEmbedding embedding = partial_embedding(x, a, y, b, 0.03);
  REQUIRE(embedding.lost > 0.0);
  const WeightedPoints start = embedding_interpolation(x, a, y, embedding, 0.0);
  const WeightedPoints middle = embedding_interpolation(x, a, y, embedding, 0.5);
  const WeightedPoints end = embedding_interpolation(x, a, y, embedding, 1.0);
  CHECK(std::abs(start.masses.sum() - 8.0) <= 1e-12);
  CHECK(std::abs(middle.masses.sum() - 7.0) <= 1e-12);
  CHECK(std::abs(end.masses.sum() - 6.0) <= 1e-12);
  CHECK((start.points * start.masses - x * a).cwiseAbs().maxCoeff() <= 1e-12);
  CHECK((end.points * end.masses - y * b).cwiseAbs().maxCoeff() <= 1e-12);
}

TEST_CASE("partial embedding: bad input is named") {
  const Matrix x = Matrix::Zero(2, 3), y = Matrix::Zero(2, 2), wrong = Matrix::Zero(1, 2);
  const Vector a = Vector::Ones(3), b = Vector::Ones(2);
  const PartialEmbedding good = partial_embedding(x, a, y, b, 1.0);
  CHECK(contains(refusal([&] { partial_embedding(x, a, y, b, -1.0); }), "lambda is -1"));
  CHECK(contains(refusal([&] { partial_embedding(x, a, wrong, b, 1.0); }), "y.rows() is 1"));
  CHECK(contains(refusal([&] { partial_embedding(x, b, y, b, 1.0); }), "a.size() is 2"));
  CHECK(contains(refusal([&] { reference_embedding(x, b); }), "a.size() is 2"));
  CHECK(contains(refusal([&] { embedding_discrepancy(good, good, NAN); }), "lambda is nan"));
  CHECK(contains(refusal([&] { embedding_discrepancy(good, reference_embedding(y, b), 1.0); }),
                 "second.mass.size() is 2"));
  const Matrix flat = Matrix::Zero(1, 3);
  CHECK(contains(refusal([&] { embedding_discrepancy(good, reference_embedding(flat, a), 1.0); }),
                 "second.displacement.rows() is 1"));
  CHECK(contains(refusal([&] { embedding_interpolation(x, a, y, good, 2.0); }), "t is 2"));
  CHECK(contains(refusal([&] { embedding_interpolation(x, b, y, good, 0.5); }), "a.size() is 2"));
  CHECK(contains(refusal([&] { embedding_interpolation(y, b, y, good, 0.5); }),
                 "embedding.mass.size() is 3"));
  CHECK(contains(refusal([&] { embedding_interpolation(x, a, x, good, 0.5); }),
                 "embedding.unmatched.size() is 2"));
  CHECK(
      contains(refusal([&] { embedding_interpolation(x, a, wrong, good, 0.5); }), "y.rows() is 1"));
}
