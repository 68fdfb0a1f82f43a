#include "ot/src/cell_search.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "pushforward/core/rng.hpp"

#include "ot/src/cell_assignment.hpp"

using namespace pushforward;
using ot::detail::CellAssignment;
using ot::detail::CellMethod;

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
  fill_normal({.seed = 23, .step = step}, x, 1);
  return x;
}

template <class T>
struct Found {
  std::vector<T> values;
  std::vector<std::int32_t> labels;
};

template <class T>
Found<T> find(const CellAssignment& cells, const Matrix& x, Index slots) {
  const std::vector<T> points(x.data(), x.data() + x.size());
  Found<T> found{std::vector<T>(static_cast<std::size_t>(slots * x.cols())),
                 std::vector<std::int32_t>(static_cast<std::size_t>(slots * x.cols()))};
  cells.best(points.data(), x.cols(), slots, found.values.data(), found.labels.data());
  return found;
}

template <class T>
void check_same(const CellAssignment& dense, const CellAssignment& bounded, const Matrix& x) {
  for (const Index slots : {1, 2, 3}) {
    const Found<T> expected = find<T>(dense, x, slots);
    const Found<T> found = find<T>(bounded, x, slots);
    CHECK(found.labels == expected.labels);
    CHECK(std::memcmp(found.values.data(), expected.values.data(),
                      found.values.size() * sizeof(T)) == 0);
  }
}

struct HeightCase {
  std::string name;
  Vector heights;
};

std::vector<HeightCase> height_cases(const Matrix& atoms) {
  const Index n = atoms.cols();
  const Vector half_norms = 0.5 * atoms.colwise().squaredNorm().transpose();
  Vector outliers = -half_norms;
  for (Index j = 0; j < n; j += 17) outliers[j] -= 1e6;
  return {{"nearest atom", -half_norms},  {"all equal", Vector::Constant(n, 0.25)},
          {"no order", normals(n, 1, 9)}, {"large", 1e4 * normals(n, 1, 10)},
          {"far below", outliers},        {"convex", 3.0 * half_norms}};
}

}  // namespace

TEST_CASE("cell search: the same values and labels as the dense kernel, to the bit") {
  for (const Isa isa : runnable_isas()) {
    for (const Index d : {1, 2, 3, 4}) {
      for (const Index n : {1, 2, 63, 64, 65, 1100}) {
        const Matrix atoms = normals(d, n, 1);
        CellAssignment dense(atoms, isa, CellMethod::dense);
        CellAssignment bounded(atoms, isa, CellMethod::bounded);
        Matrix x = 1.5 * normals(d, 40, 2);
        x.col(3) = 1e3 * x.col(3);
        x.col(4).setZero();
        x.col(5) = atoms.col(n / 2);
        for (const HeightCase& h : height_cases(atoms)) {
          CAPTURE(h.name);
          CAPTURE(d);
          CAPTURE(n);
          dense.set_heights(h.heights);
          bounded.set_heights(h.heights);
          check_same<float>(dense, bounded, x);
          check_same<double>(dense, bounded, x);
        }
      }
    }
  }
}

// Coordinates and heights on a coarse lattice, so that scores are exact and often equal.
TEST_CASE("cell search: the lowest index wins ties wherever the panels put it") {
  for (const Isa isa : runnable_isas()) {
    for (const Index d : {1, 2, 3}) {
      const Index n = 700;
      const Matrix atoms = (2.0 * normals(d, n, 3)).array().round();
      const Vector heights = normals(n, 1, 4).array().round();
      const Matrix x = normals(d, 60, 5).array().round();
      CellAssignment dense(atoms, isa, CellMethod::dense);
      CellAssignment bounded(atoms, isa, CellMethod::bounded);
      for (const Vector& h : {heights, Vector(Vector::Zero(n))}) {
        dense.set_heights(h);
        bounded.set_heights(h);
        check_same<float>(dense, bounded, x);
        check_same<double>(dense, bounded, x);
        const Found<double> found = find<double>(bounded, x, 1);
        for (Index i = 0; i < x.cols(); ++i) {
          Index first;
          (atoms.transpose() * x.col(i) + h).maxCoeff(&first);
          CHECK(found.labels[static_cast<std::size_t>(i)] == first);
        }
      }
    }
  }
}

TEST_CASE("cell search: a point that is not finite gets what the dense kernel gives it") {
  for (const Isa isa : runnable_isas()) {
    const Matrix atoms = normals(2, 640, 6);  // no places to fill, where infinity times 0 would be
    CellAssignment dense(atoms, isa, CellMethod::dense);
    CellAssignment bounded(atoms, isa, CellMethod::bounded);
    Matrix x = normals(2, 3, 7);
    x(0, 0) = std::numeric_limits<double>::quiet_NaN();
    x(1, 1) = std::numeric_limits<double>::infinity();
    check_same<float>(dense, bounded, x.leftCols(1));
    const Found<float> found = find<float>(bounded, x, 1);
    CHECK(found.labels[0] == -1);
    Index first;
    (atoms.row(1).array() > 0.0).maxCoeff(&first);
    CHECK(found.labels[1] == first);
    CHECK(found.labels[2] == find<float>(dense, x, 1).labels[2]);
  }
}

TEST_CASE("cell search: taken for many atoms in low dimension, and no other") {
  CHECK(CellAssignment(normals(2, 4096, 8)).method() == CellMethod::bounded);
  CHECK(CellAssignment(normals(3, 4096, 8)).method() == CellMethod::bounded);
  CHECK(CellAssignment(normals(2, 40, 8)).method() == CellMethod::dense);
  CHECK(CellAssignment(normals(16, 4096, 8)).method() == CellMethod::dense);
}
