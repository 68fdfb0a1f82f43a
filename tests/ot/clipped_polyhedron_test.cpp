#include "ot/src/clipped_polyhedron.hpp"

#include <cmath>
#include <set>
#include <vector>

#include <doctest/doctest.h>

#include "ot/src/solid_integrals.hpp"
#include "tests/support/splitmix.hpp"

using namespace pushforward;
using namespace pushforward::ot::detail;
using testing::Splitmix;

namespace {

ClippedPolyhedron cube(double half) {
  ClippedPolyhedron solid;
  solid.assign_box({-half, -half, -half}, {half, half, half}, -1);
  return solid;
}

Plane plane(double x, double y, double z, double c) {
  const double length = std::sqrt(x * x + y * y + z * z);
  return {x / length, y / length, z / length, c / length};
}

struct Measured {
  SolidMoments moments;
  std::vector<double> areas;
};

Measured measured(const ClippedPolyhedron& solid) {
  Measured m{{}, std::vector<double>(solid.faces().size())};
  m.moments = uniform_moments(solid, m.areas.data());
  return m;
}

// Edges lead back, both ends agree on their faces, and V - E + F = 2.
bool is_sound(const ClippedPolyhedron& solid) {
  if (solid.is_empty()) return true;
  std::set<int> faces;
  for (std::size_t v = 0; v < solid.size(); ++v) {
    const auto& from = solid.corner(v);
    for (std::size_t i = 0; i < 3; ++i) {
      faces.insert(from.faces[i]);
      const auto w = static_cast<std::size_t>(from.next[i]);
      if (w >= solid.size()) return false;
      const auto& to = solid.corner(w);
      bool leads_back = false;
      for (std::size_t k = 0; k < 3; ++k) {
        leads_back = leads_back ||
                     (to.next[k] == static_cast<int>(v) && to.faces[k] == from.faces[(i + 1) % 3] &&
                      to.faces[(k + 1) % 3] == from.faces[i]);
      }
      if (!leads_back) return false;
    }
  }
  return 2 * faces.size() == solid.size() + 4;
}

}  // namespace

TEST_CASE("plane_side: the point common to three planes, exactly") {
  const Plane x{1, 0, 0, 1}, y{0, 1, 0, 2}, z{0, 0, 1, 3};
  CHECK(plane_side(x, y, z, {1, 1, 1, 6}) == 0);
  CHECK(plane_side(x, y, z, {1, 1, 1, 6 + 0x1p-49}) == -1);
  CHECK(plane_side(x, y, z, {1, 1, 1, 6 - 0x1p-49}) == 1);
  // Planes that hardly differ: the first two meet where x = 1 and y = 0.
  const double tiny = 0x1p-60;
  CHECK(plane_side({1, 0, 0, 1}, {1, tiny, 0, 1}, z, {0, 1, 0, -1e-300}) == 1);
  CHECK(plane_side({1, 0, 0, 1}, {1, tiny, 0, 1}, z, {0, 1, 0, 0}) == 0);
}

TEST_CASE("clipped polyhedron: a cube cut in half, at a corner, and away") {
  ClippedPolyhedron solid = cube(1);
  CHECK(measured(solid).moments.mass == doctest::Approx(8).epsilon(1e-15));
  CHECK(measured(solid).moments.second == doctest::Approx(8).epsilon(1e-15));
  CHECK_FALSE(solid.clip(plane(1, 2, 3, 7), 0));
  CHECK(solid.clip(plane(1, 0, 0, 0.25), 1));
  CHECK(measured(solid).moments.mass == doctest::Approx(5).epsilon(1e-15));
  CHECK(measured(solid).moments.first[0] == doctest::Approx(5 * -0.375).epsilon(1e-15));
  CHECK(measured(solid).areas.back() == doctest::Approx(4).epsilon(1e-15));
  solid = cube(1);
  CHECK(solid.clip(plane(1, 1, 1, 2.5), 1));  // a corner with legs 1/2
  CHECK(measured(solid).moments.mass == doctest::Approx(8 - 0.125 / 6).epsilon(1e-15));
  CHECK(measured(solid).areas.back() == doctest::Approx(std::sqrt(3) / 2 * 0.25).epsilon(1e-14));
  CHECK(is_sound(solid));
  CHECK(solid.clip(plane(0, -1, 0, -2), 2));
  CHECK(solid.is_empty());
}

TEST_CASE("clipped polyhedron: planes through vertices, edges and faces take nothing or all") {
  ClippedPolyhedron solid = cube(1);
  CHECK_FALSE(solid.clip({1, 0, 0, 1}, 0));
  // Directions of length one to rounding only: slivers may go.
  solid.clip(plane(1, 1, 0, 2), 0);
  solid.clip(plane(1, 1, 1, 3), 0);
  CHECK(is_sound(solid));
  CHECK(measured(solid).moments.mass == doctest::Approx(8).epsilon(1e-15));
  CHECK(solid.clip({1, 0, 0, -1}, 0));  // all but a face, which has no interior
  CHECK(solid.is_empty());
  // An octahedron: four faces meet in each vertex.
  solid = cube(2);
  for (int s = 0; s < 8; ++s) {
    solid.clip(plane(s & 1 ? 1 : -1, s & 2 ? 1 : -1, s & 4 ? 1 : -1, 1), s);
    CHECK(is_sound(solid));
  }
  CHECK(measured(solid).moments.mass == doctest::Approx(4.0 / 3).epsilon(1e-14));
}

TEST_CASE("clipped polyhedron: pieces on either side of a plane add up") {
  Splitmix draws(1);
  for (int run = 0; run < 200; ++run) {
    ClippedPolyhedron solid = cube(1);
    for (int k = 0; k < 12; ++k) {
      const Matrix n = 2 * draws.uniform(3, 1).array() - 1;
      solid.clip(plane(n(0), n(1), n(2), n.norm() * (0.6 + 0.5 * draws.uniform())), k);
    }
    CHECK(is_sound(solid));
    const Matrix n = 2 * draws.uniform(3, 1).array() - 1;
    const Plane cut = plane(n(0), n(1), n(2), 0.3 * draws.uniform());
    ClippedPolyhedron below = solid, above = solid;
    below.clip(cut, 99);
    above.clip({-cut.x, -cut.y, -cut.z, -cut.c}, 99);
    const SolidMoments all = measured(solid).moments;
    const Measured low = measured(below), high = measured(above);
    CHECK(low.moments.mass + high.moments.mass == doctest::Approx(all.mass).epsilon(1e-13));
    CHECK(low.moments.second + high.moments.second == doctest::Approx(all.second).epsilon(1e-13));
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(std::abs(low.moments.first[i] + high.moments.first[i] - all.first[i]) < 1e-14);
    }
    CHECK(low.areas.back() == doctest::Approx(high.areas.back()).epsilon(1e-12));
    // The divergence theorem: 3 V = sum of areas times distances.
    double flux = 0.0;
    for (std::size_t f = 0; f < low.areas.size(); ++f) {
      flux += low.areas[f] * below.faces()[f].plane.c;
    }
    CHECK(flux == doctest::Approx(3 * low.moments.mass).epsilon(1e-13));
  }
}

TEST_CASE("clipped polyhedron: pencils, slivers and near ties keep their combinatorics") {
  Splitmix draws(2);
  for (int run = 0; run < 300; ++run) {
    ClippedPolyhedron solid = cube(1);
    for (int k = 0; k < 40; ++k) {
      // Normals from a small set, offsets that all but tie: most signs are in doubt.
      const int kind = static_cast<int>(draws.uniform() * 4);
      const double jitter = kind == 0 ? 0.0 : std::ldexp(draws.uniform() - 0.5, -48 + kind);
      const auto pick = [&] { return std::floor(draws.uniform() * 3) - 1; };
      const double x = pick(), y = pick(), z = pick();
      if (x == 0 && y == 0 && z == 0) continue;
      const double length = std::sqrt(x * x + y * y + z * z);
      solid.clip(plane(x + jitter, y, z - jitter, 0.5 * length * length + jitter), k);
      CHECK(is_sound(solid));
    }
    CHECK(solid.skipped_planes() == 0);
    const Measured m = measured(solid);
    CHECK(m.moments.mass > 0.0);
  }
}
