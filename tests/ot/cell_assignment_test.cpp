#include "ot/src/cell_assignment.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <vector>

#include <doctest/doctest.h>

#include "pushforward/core/rng.hpp"

using namespace pushforward;
using ot::detail::CellAssignment;

namespace {

std::vector<Isa> runnable_isas() {
  std::vector<Isa> isas;
  for (const Isa isa : {Isa::base, Isa::v3, Isa::v4}) {
    if (isa <= detected_isa()) isas.push_back(isa);
  }
  return isas;
}

Matrix normals(Index rows, Index cols, std::uint32_t step) {
  Matrix x(rows, cols);
  fill_normal({.seed = 11, .step = step}, x, 1);
  return x;
}

}  // namespace

TEST_CASE("cell assignment: equals a sorted scan of all scores in double precision") {
  for (const Isa isa : runnable_isas()) {
    for (const Index d : {1, 2, 3, 5, 64, 300}) {
      for (const Index n : {1, 2, 23, 24, 25, 301}) {
        // In high dimension the coordinates come in slices and the sums of 128 queries wait.
        const Index queries = d == 300 ? 141 : 13;
        const Matrix atoms = normals(d, n, 1), x = normals(d, queries, 2);
        const Vector heights = normals(n, 1, 3);
        CellAssignment cells(atoms, isa);
        cells.set_heights(heights);
        const Index slots = 4;
        std::vector<double> values(static_cast<std::size_t>(slots * queries));
        std::vector<std::int32_t> labels(values.size()), exact(static_cast<std::size_t>(queries));
        cells.best(x.data(), queries, slots, values.data(), labels.data());
        cells.best_exact(x.data(), queries, exact.data());
        for (Index i = 0; i < queries; ++i) {
          const Vector scores = atoms.transpose() * x.col(i) + heights;
          std::vector<std::int32_t> order(static_cast<std::size_t>(n));
          std::iota(order.begin(), order.end(), 0);
          std::stable_sort(order.begin(), order.end(),
                           [&](auto p, auto q) { return scores[p] > scores[q]; });
          CHECK(exact[static_cast<std::size_t>(i)] == order[0]);
          for (Index s = 0; s < slots; ++s) {
            const auto at = static_cast<std::size_t>(i * slots + s);
            CHECK(labels[at] == (s < n ? order[static_cast<std::size_t>(s)] : -1));
            // d products and sums of numbers of size one
            if (s < n) CHECK(values[at] == doctest::Approx(scores[labels[at]]).epsilon(1e-13));
          }
        }
      }
    }
  }
}

TEST_CASE("cell assignment: the lowest index wins ties, across lanes, vectors and panels") {
  for (const Isa isa : runnable_isas()) {
    const Index n = 200;
    for (const Index first : {0, 1, 7, 8, 23, 24, 150, 198}) {
      Matrix atoms = normals(2, n, 4);
      Vector heights = Vector::Constant(n, -100.0);
      for (Index j = first; j < n; ++j) {  // from `first` on all are the same plane
        atoms.col(j) << 0.5, -0.25;
        heights[j] = 1.0;
      }
      CellAssignment cells(atoms, isa);
      cells.set_heights(heights);
      const Matrix x = normals(2, 9, 5);
      const std::vector<float> single(x.data(), x.data() + x.size());
      std::vector<std::int32_t> exact(9), labels(18);
      std::vector<float> values(18);
      cells.best_exact(x.data(), 9, exact.data());
      cells.best(single.data(), 9, 2, values.data(), labels.data());
      for (std::size_t i = 0; i < 9; ++i) {
        CHECK(exact[i] == first);
        CHECK(labels[2 * i] == first);
        CHECK(labels[2 * i + 1] == first + 1);
      }
    }
  }
}

TEST_CASE("cell assignment: single precision is corrected where its error could decide") {
  // Heights differ by 1e-9, which single precision cannot see beside scores of size one.
  const Index n = 64;
  const Matrix atoms = Matrix::Constant(3, n, 0.7);
  Vector heights(n);
  for (Index j = 0; j < n; ++j) heights[j] = 1.0 + 1e-9 * static_cast<double>((j * 37) % n);
  Index highest;
  heights.maxCoeff(&highest);
  for (const Isa isa : runnable_isas()) {
    CellAssignment cells(atoms, isa);
    cells.set_heights(heights);
    const Matrix x = normals(3, 20, 6);
    std::vector<std::int32_t> labels(20);
    cells.best_exact(x.data(), 20, labels.data());
    for (const auto label : labels) CHECK(label == highest);
  }
}

TEST_CASE("cell assignment: a score that is not a number wins nothing") {
  for (const Isa isa : runnable_isas()) {
    CellAssignment cells(normals(2, 50, 7), isa);
    std::vector<float> x{std::numeric_limits<float>::quiet_NaN(), 1.0F}, values(1);
    std::vector<std::int32_t> labels(1);
    cells.best(x.data(), 1, 1, values.data(), labels.data());
    CHECK(labels[0] == -1);
  }
}
