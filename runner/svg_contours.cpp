#include "runner/svg_contours.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace pushforward::runner::svg {
namespace {

/// The grid with a border of nodes that lie below every threshold, so that all outlines close.
class Padded {
 public:
  Padded(const DensityGrid& grid, double threshold) : grid_(grid), threshold_(threshold) {}
  int columns() const { return grid_.columns + 2; }
  int rows() const { return grid_.rows + 2; }
  bool inside(int i, int j) const { return in_grid(i, j) && value(i, j) >= threshold_; }

  /// Where the outline crosses the edge between two nodes, one of them inside.
  GridPoint crossing(int i0, int j0, int i1, int j1) const {
    double t = 0.5;
    if (!in_grid(i0, j0)) {
      t = 1.0;
    } else if (!in_grid(i1, j1)) {
      t = 0.0;
    } else {
      t = (threshold_ - value(i0, j0)) / (value(i1, j1) - value(i0, j0));
      if (!std::isfinite(t)) t = 0.5;
      t = std::clamp(t, 0.0, 1.0);
    }
    return {i0 - 1 + t * (i1 - i0), j0 - 1 + t * (j1 - j0)};
  }

 private:
  bool in_grid(int i, int j) const {
    return i >= 1 && j >= 1 && i <= grid_.columns && j <= grid_.rows;
  }
  double value(int i, int j) const {
    return grid_
        .log_density[static_cast<std::size_t>(j - 1) * static_cast<std::size_t>(grid_.columns) +
                     static_cast<std::size_t>(i - 1)];
  }
  const DensityGrid& grid_;
  double threshold_;
};

/// Distance of p from the segment a b.
double distance(double px, double py, double ax, double ay, double bx, double by) {
  const double dx = bx - ax, dy = by - ay, squared = dx * dx + dy * dy;
  double t = squared > 0.0 ? ((px - ax) * dx + (py - ay) * dy) / squared : 0.0;
  t = std::clamp(t, 0.0, 1.0);
  return std::hypot(px - ax - t * dx, py - ay - t * dy);
}

}  // namespace

double region_threshold(const DensityGrid& grid, double share) {
  std::vector<double> sorted;
  for (const double value : grid.log_density) {
    if (std::isfinite(value)) sorted.push_back(value);
  }
  if (sorted.empty()) return -std::numeric_limits<double>::infinity();
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  const double top = sorted.front();
  double total = 0.0;
  for (const double value : sorted) total += std::exp(value - top);
  double mass = 0.0;
  for (const double value : sorted) {
    mass += std::exp(value - top);
    if (mass >= share * total) return value;
  }
  return sorted.back();
}

std::vector<Outline> outlines(const DensityGrid& grid, double threshold) {
  const Padded nodes(grid, threshold);
  const int columns = nodes.columns(), rows = nodes.rows();
  // Edges by number: first those along rows, then those along columns.
  const int along_rows = (columns - 1) * rows;
  const auto row_edge = [&](int i, int j) { return j * (columns - 1) + i; };
  const auto column_edge = [&](int i, int j) { return along_rows + j * columns + i; };
  std::vector<int> next(static_cast<std::size_t>(along_rows + columns * (rows - 1)), -1);

  for (int j = 0; j + 1 < rows; ++j) {
    for (int i = 0; i + 1 < columns; ++i) {
      // Corners and edges of the cell, counterclockwise; edge k joins corners k and k + 1.
      const std::array<bool, 4> corner = {nodes.inside(i, j), nodes.inside(i + 1, j),
                                          nodes.inside(i + 1, j + 1), nodes.inside(i, j + 1)};
      const std::array<int, 4> edge = {row_edge(i, j), column_edge(i + 1, j), row_edge(i, j + 1),
                                       column_edge(i, j)};
      // Each run of inside corners is entered through one edge and left through another; the
      // outline goes from where it is left to where it is entered, the run on its left.
      for (std::size_t k = 0; k < 4; ++k) {
        if (corner[k] || !corner[(k + 1) % 4]) continue;
        std::size_t leave = (k + 1) % 4;
        while (corner[(leave + 1) % 4]) leave = (leave + 1) % 4;
        next[static_cast<std::size_t>(edge[leave])] = edge[k];
      }
    }
  }

  const auto place = [&](int e) {
    if (e < along_rows) {
      const int i = e % (columns - 1), j = e / (columns - 1);
      return nodes.crossing(i, j, i + 1, j);
    }
    const int i = (e - along_rows) % columns, j = (e - along_rows) / columns;
    return nodes.crossing(i, j, i, j + 1);
  };
  std::vector<Outline> found;
  for (std::size_t start = 0; start < next.size(); ++start) {
    if (next[start] < 0) continue;
    Outline outline;
    for (int e = static_cast<int>(start); next[static_cast<std::size_t>(e)] >= 0;) {
      outline.push_back(place(e));
      e = std::exchange(next[static_cast<std::size_t>(e)], -1);
    }
    found.push_back(std::move(outline));
  }
  return found;
}

Outline thinned(const Outline& outline, double x_scale, double y_scale, double tolerance) {
  const std::size_t n = outline.size();
  if (n < 4) return outline;
  const auto x = [&](std::size_t i) { return outline[i].column * x_scale; };
  const auto y = [&](std::size_t i) { return outline[i].row * y_scale; };
  // A closed curve needs two fixed points: the first and the one farthest from it.
  std::size_t far = 1;
  for (std::size_t i = 1; i < n; ++i) {
    if (std::hypot(x(i) - x(0), y(i) - y(0)) > std::hypot(x(far) - x(0), y(far) - y(0))) far = i;
  }
  std::vector<bool> kept(n, false);
  kept[0] = kept[far] = true;
  std::vector<std::pair<std::size_t, std::size_t>> open = {{0, far}, {far, n}};
  while (!open.empty()) {
    const auto [from, to] = open.back();
    open.pop_back();
    std::size_t worst = from;
    double worst_distance = tolerance;
    for (std::size_t i = from + 1; i < to; ++i) {
      const double off = distance(x(i), y(i), x(from), y(from), x(to % n), y(to % n));
      if (off > worst_distance) worst = i, worst_distance = off;
    }
    if (worst == from) continue;
    kept[worst] = true;
    open.emplace_back(from, worst);
    open.emplace_back(worst, to);
  }
  Outline out;
  for (std::size_t i = 0; i < n; ++i) {
    if (kept[i]) out.push_back(outline[i]);
  }
  return out;
}

}  // namespace pushforward::runner::svg
