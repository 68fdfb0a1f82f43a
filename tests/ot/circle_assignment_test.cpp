#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include <doctest/doctest.h>

#include "pushforward/core/rng.hpp"

#include "ot/src/cell_assignment.hpp"
#include "ot/src/circle_kernels.hpp"

using namespace pushforward;
using ot::detail::CellAssignment;
using ot::detail::CellMethod;
using ot::detail::points_on_circle;

namespace {

Matrix normals(Index rows, Index cols, std::uint32_t step) {
  Matrix x(rows, cols);
  fill_normal({.seed = 23, .step = step}, x, 1);
  return x;
}

struct Lists {
  std::vector<float> values;
  std::vector<std::int32_t> labels;
};

Lists on_circles(const CellAssignment& cells, const Matrix& x, Index slots) {
  const std::vector<float> single(x.data(), x.data() + x.size());
  const Index pairs = x.cols() / 2;
  const auto size = static_cast<std::size_t>(points_on_circle * pairs * slots);
  Lists lists{std::vector<float>(size), std::vector<std::int32_t>(size)};
  cells.best_on_circles(single.data(), pairs, slots, lists.values.data(), lists.labels.data());
  return lists;
}

// Every Isa that this processor runs.
template <class Check>
void on_each_isa(Check&& check) {
  for (const Isa isa : {Isa::base, Isa::v3, Isa::v4}) {
    if (isa <= detected_isa()) check(isa);
  }
}

}  // namespace

TEST_CASE(
    "cell assignment: lists of points on circles are those of the points in double precision") {
  on_each_isa([](Isa isa) {
    for (const Index d : {1, 5, 64, 300}) {
      for (const Index n : {1, 3, 25, 301}) {
        for (const Index pairs : {1, 2, 19}) {
          for (const Index slots : {1, 2, 8, 60}) {
            const Matrix atoms = normals(d, n, 1), x = normals(d, 2 * pairs, 2);
            const Vector heights = normals(n, 1, 3);
            CellAssignment cells(atoms, isa, CellMethod::dense);
            cells.set_heights(heights);
            const Lists lists = on_circles(cells, x, slots);
            // d products of numbers of size one, of two points, each rounded to 2^-24
            const double rounding = 4e-7 * std::sqrt(static_cast<double>(d)) * 8.0;
            bool agree = true;
            for (Index i = 0; i < points_on_circle * pairs; ++i) {
              const double t = std::numbers::pi / 4.0 * static_cast<double>(i % points_on_circle);
              const Index pair = i / points_on_circle;
              const Vector point =
                  std::cos(t) * x.col(2 * pair) + std::sin(t) * x.col(2 * pair + 1);
              const Vector scores = atoms.transpose() * point + heights;
              std::vector<double> sorted(scores.begin(), scores.end());
              std::sort(sorted.rbegin(), sorted.rend());
              std::vector<bool> used(static_cast<std::size_t>(n), false);
              for (Index s = 0; s < slots; ++s) {
                const auto at = static_cast<std::size_t>(i * slots + s);
                const std::int32_t label = lists.labels[at];
                if (s >= n) {
                  agree = agree && label == -1;
                  continue;
                }
                if (label < 0 || used[static_cast<std::size_t>(label)]) {
                  agree = false;
                  continue;
                }
                used[static_cast<std::size_t>(label)] = true;
                agree = agree && std::abs(scores[label] - lists.values[at]) < rounding &&
                        std::abs(sorted[static_cast<std::size_t>(s)] - scores[label]) < rounding;
              }
            }
            CAPTURE(d);
            CAPTURE(n);
            CAPTURE(pairs);
            CAPTURE(slots);
            CHECK(agree);
          }
        }
      }
    }
  });
}

TEST_CASE("cell assignment: the lowest index wins ties on circles, too") {
  on_each_isa([](Isa isa) {
    const Index n = 200;
    for (const Index first : {0, 7, 8, 23, 24, 150, 198}) {
      Matrix atoms = normals(6, n, 4);
      Vector heights = Vector::Constant(n, -100.0);
      for (Index j = first; j < n; ++j) {  // from `first` on all are the same plane
        atoms.col(j) = atoms.col(first);
        heights[j] = 1.0;
      }
      CellAssignment cells(atoms, isa, CellMethod::dense);
      cells.set_heights(heights);
      const Lists lists = on_circles(cells, normals(6, 6, 5), 2);
      for (std::size_t i = 0; i < lists.labels.size(); i += 2) {
        CHECK(lists.labels[i] == first);
        CHECK(lists.labels[i + 1] == first + 1);
      }
    }
  });
}

TEST_CASE("cell assignment: a point and its mirror image go where double precision puts each") {
  on_each_isa([](Isa isa) {
    // Pairs of planes 1e-9 apart, so that single precision cannot tell which is higher.
    const Index d = 9, n = 80, count = 38;
    Matrix atoms = normals(d, n, 9);
    Vector heights = normals(n, 1, 10);
    for (Index j = 0; j < n; j += 2) {
      atoms.col(j + 1) = atoms.col(j);
      heights[j + 1] = heights[j] + (j % 4 == 0 ? 1e-9 : -1e-9);
    }
    CellAssignment cells(atoms, isa, CellMethod::dense);
    cells.set_heights(heights);
    const Matrix x = normals(d, count, 11);
    std::vector<std::int32_t> labels(static_cast<std::size_t>(2 * count));
    cells.best_exact_opposite(x.data(), count, labels.data());
    for (Index i = 0; i < 2 * count; ++i) {
      const double sign = i % 2 == 0 ? 1.0 : -1.0;
      Index best;
      (atoms.transpose() * (sign * x.col(i / 2)) + heights).maxCoeff(&best);
      CHECK(labels[static_cast<std::size_t>(i)] == best);
    }
  });
}

TEST_CASE("cell assignment: on circles, a score that is not a number wins nothing") {
  on_each_isa([](Isa isa) {
    CellAssignment cells(normals(2, 50, 7), isa, CellMethod::dense);
    Matrix x = normals(2, 4, 8);
    x(0, 1) = std::numeric_limits<double>::quiet_NaN();
    const Lists lists = on_circles(cells, x, 1);
    for (std::size_t i = 0; i < 8; ++i) CHECK((lists.labels[i] == -1) == (i != 0 && i != 4));
    for (std::size_t i = 8; i < 16; ++i) CHECK(lists.labels[i] >= 0);
  });
}
