#include <algorithm>
#include <cmath>
#include <utility>

#include "pushforward/core/errors.hpp"
#include "pushforward/ot/semidiscrete_domain.hpp"

#include "ot/src/compensated_sum.hpp"
#include "ot/src/domain_checks.hpp"
#include "ot/src/planar_cells.hpp"
#include "ot/src/solid_cells.hpp"
#include "ot/src/voxel_density.hpp"

namespace pushforward::ot {
namespace {

using detail::after;
using detail::Corner;
using detail::PlanarMoments;
using detail::Polygon;

constexpr int cut = -1;  // label of a side that a pixel border made

/// The parts of a polygon below and above {coordinate = line}; empty, not flat, where there is
/// none.
void split(Polygon p, double Corner::*coordinate, double line, std::vector<Corner>& low,
           std::vector<Corner>& high) {
  low.clear();
  high.clear();
  const auto is_below = [&](const Corner& c) { return c.*coordinate < line; };
  const auto is_above = [&](const Corner& c) { return c.*coordinate > line; };
  if (std::none_of(p.begin(), p.end(), is_above)) return low.assign(p.begin(), p.end());
  if (std::none_of(p.begin(), p.end(), is_below)) return high.assign(p.begin(), p.end());
  for (std::size_t e = 0; e < p.size(); ++e) {
    const Corner &from = p[e], &to = p[after(p, e)];
    if (!is_above(from))
      low.push_back({from.x, from.y, !is_below(from) && is_above(to) ? cut : from.side});
    if (!is_below(from))
      high.push_back({from.x, from.y, !is_above(from) && is_below(to) ? cut : from.side});
    const bool goes_up = is_below(from) && is_above(to);
    if (!goes_up && !(is_above(from) && is_below(to))) continue;
    const double t = (line - from.*coordinate) / (to.*coordinate - from.*coordinate);
    Corner crossing{from.x + t * (to.x - from.x), from.y + t * (to.y - from.y), from.side};
    crossing.*coordinate = line;
    (goes_up ? high : low).push_back(crossing);
    crossing.side = cut;
    (goes_up ? low : high).push_back(crossing);
  }
}

class GridPlanarDensity final : public detail::PlanarDensity {
 public:
  explicit GridPlanarDensity(const GridDensity& grid)
      : columns_(grid.shape()[0]),
        rows_(grid.shape()[1]),
        left_(grid.lower()[0]),
        bottom_(grid.lower()[1]),
        width_((grid.upper()[0] - left_) / static_cast<double>(columns_)),
        height_((grid.upper()[1] - bottom_) / static_cast<double>(rows_)),
        values_(grid.values() / grid.total_mass()) {}

  PlanarMoments integrate(Polygon cell, double x, double y, double* sides) const override {
    // Corners carry the index of their side, so that pieces know where their own belong.
    std::vector<Corner> rest(cell.begin(), cell.end()), strip, above, piece, beyond;
    for (std::size_t e = 0; e < rest.size(); ++e) rest[e].side = static_cast<int>(e);
    std::fill_n(sides, cell.size(), 0.0);
    PlanarMoments total;
    const double left = left_ - x, bottom = bottom_ - y;
    const auto [low_row, high_row] = span(rest, &Corner::y, bottom, height_, rows_);
    for (Index row = low_row; row <= high_row && !rest.empty(); ++row) {
      cut_off(rest, &Corner::y, bottom + static_cast<double>(row + 1) * height_, row == high_row,
              strip, above);
      if (strip.empty()) continue;
      const auto [low, high] = span(strip, &Corner::x, left, width_, columns_);
      for (Index column = low; column <= high && !strip.empty(); ++column) {
        cut_off(strip, &Corner::x, left + static_cast<double>(column + 1) * width_, column == high,
                piece, beyond);
        add(piece, values_[column + columns_ * row], total, sides);
      }
    }
    return total;
  }
  bool has_jumps() const override { return true; }

 private:
  // Moves what is below the line from `rest` to `piece`: all of it, if it is the last.
  static void cut_off(std::vector<Corner>& rest, double Corner::*coordinate, double line,
                      bool is_last, std::vector<Corner>& piece, std::vector<Corner>& spare) {
    if (is_last) {
      piece.swap(rest);
      rest.clear();
      return;
    }
    split(rest, coordinate, line, piece, spare);
    rest.swap(spare);
  }

  // First and last pixel that the polygon meets in one direction.
  static std::pair<Index, Index> span(Polygon p, double Corner::*coordinate, double origin,
                                      double step, Index count) {
    const auto [low, high] = std::minmax_element(
        p.begin(), p.end(),
        [&](const Corner& a, const Corner& b) { return a.*coordinate < b.*coordinate; });
    const auto pixel = [&](double at) {
      const double k = std::floor((at - origin) / step);
      return static_cast<Index>(std::clamp(k, 0.0, static_cast<double>(count - 1)));
    };
    return {pixel((*low).*coordinate), pixel((*high).*coordinate)};
  }

  static void add(Polygon piece, double density, PlanarMoments& total, double* sides) {
    if (density == 0.0 || piece.size() < 3) return;
    const PlanarMoments m = detail::uniform_moments(piece);
    total.mass += density * m.mass;
    total.first_x += density * m.first_x;
    total.first_y += density * m.first_y;
    total.second += density * m.second;
    for (std::size_t e = 0; e < piece.size(); ++e) {
      if (piece[e].side == cut) continue;
      const Corner &p = piece[e], &q = piece[after(piece, e)];
      sides[piece[e].side] += density * std::hypot(q.x - p.x, q.y - p.y);
    }
  }

  Index columns_, rows_;
  double left_, bottom_, width_, height_;
  Vector values_;
};

}  // namespace

GridDensity::GridDensity(VectorIn lower, VectorIn upper, const IndexVector& shape, VectorIn values)
    : lower_(lower), upper_(upper), shape_(shape), values_(values) {
  const char* where = "GridDensity";
  detail::require_box(where, lower, upper);
  require(shape.size() == lower.size(), where, "shape.size()", shape.size(),
          std::to_string(lower.size()) + ", as lower has");
  Index pixels = 1;
  double volume = 1.0;
  for (Index k = 0; k < shape.size(); ++k) {
    require(shape[k] >= 1, where, "shape" + detail::at(k), shape[k], "at least 1");
    require(shape[k] <= values.size() / pixels, where, "values.size()", values.size(),
            "one a pixel");
    pixels *= shape[k];
    volume *= (upper[k] - lower[k]) / static_cast<double>(shape[k]);
  }
  require(values.size() == pixels, where, "values.size()", values.size(),
          std::to_string(pixels) + ", one a pixel");
  detail::CompensatedSum sum;
  for (Index i = 0; i < pixels; ++i) {
    require(std::isfinite(values[i]) && values[i] >= 0.0, where, "values" + detail::at(i),
            values[i], "finite and at least 0");
    sum.add(values[i]);
  }
  mass_ = sum.value() * volume;
  require(mass_ > 0.0 && std::isfinite(mass_), where, "sum of values", sum.value(),
          "a positive, finite mass");
}

Matrix GridDensity::bounding_box() const {
  Matrix box(dim(), 2);
  box << lower_, upper_;
  return box;
}

Matrix GridDensity::inner_box() const { return bounding_box(); }

void GridDensity::draw(const RngKey& key, PointsOut x) const {
  const IndexVector pixels = categorical(key, values_, x.cols());
  fill_uniform(key, x);
  for (Index i = 0; i < x.cols(); ++i) {
    Index pixel = pixels[i];
    for (Index k = 0; k < dim(); ++k) {
      const double step = (upper_[k] - lower_[k]) / static_cast<double>(shape_[k]);
      const double at = lower_[k] + (static_cast<double>(pixel % shape_[k]) + x(k, i)) * step;
      x(k, i) = std::min(at, upper_[k]);
      pixel /= shape_[k];
    }
  }
}

std::unique_ptr<LaguerreCells> GridDensity::cells(PointsIn sites, int threads) const {
  require(dim() == 2 || dim() == 3, "GridDensity", "dim()", dim(), "2 or 3, where cells are known");
  if (dim() == 3) {
    const detail::SolidWindow window = detail::box_window(bounding_box());
    return std::make_unique<detail::SolidCells>(
        sites, window, std::make_unique<detail::VoxelDensity>(*this, window.middle()), threads);
  }
  Matrix window(2, 4);
  window << lower_[0], upper_[0], upper_[0], lower_[0], lower_[1], lower_[1], upper_[1], upper_[1];
  return std::make_unique<detail::PlanarCells>(sites, window,
                                               std::make_unique<GridPlanarDensity>(*this), threads);
}

}  // namespace pushforward::ot
