#include <algorithm>
#include <cmath>
#include <numeric>

#include "pushforward/core/errors.hpp"

#include "runner/figure.hpp"
#include "runner/png.hpp"

namespace pushforward::runner {
namespace {

/// Coordinates enter figures as single precision would print them: more digits cannot be seen and
/// would double the size of the stored figure.
double seen(double x) { return static_cast<double>(static_cast<float>(x)); }

std::vector<double> finite_sorted(VectorIn samples) {
  std::vector<double> kept;
  kept.reserve(static_cast<std::size_t>(samples.size()));
  for (Index i = 0; i < samples.size(); ++i) {
    if (std::isfinite(samples(i))) kept.push_back(samples(i));
  }
  std::sort(kept.begin(), kept.end());
  return kept;
}

int freedman_diaconis(const std::vector<double>& sorted, double low, double high) {
  if (sorted.size() < 4) return 10;
  const double spread = sorted[sorted.size() * 3 / 4] - sorted[sorted.size() / 4];
  const double width = 2.0 * spread / std::cbrt(static_cast<double>(sorted.size()));
  if (!(width > 0.0)) return 40;
  return static_cast<int>(std::clamp(std::ceil((high - low) / width), 10.0, 120.0));
}

/// The bin of x among `bins` of [low, high], the last one closed.
Index bin_of(double x, double low, double high, Index bins) {
  const double share = (x - low) / (high - low);
  return std::min(static_cast<Index>(share * static_cast<double>(bins)), bins - 1);
}

std::pair<double, double> padded_range(PointsIn points, Index coordinate) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (Index i = 0; i < points.cols(); ++i) {
    const double x = points(coordinate, i);
    if (!std::isfinite(x)) continue;
    low = std::min(low, x);
    high = std::max(high, x);
  }
  if (low > high) return {0.0, 1.0};
  const double margin = low < high ? 0.05 * (high - low) : std::max(1.0, std::abs(low)) * 0.5;
  return {low - margin, high + margin};
}

}  // namespace

Frame frame_around(PointsIn points, Index first, Index second) {
  const Index d = points.rows();
  require(first >= 0 && first < d, "frame_around", "first", first, "a coordinate of the points");
  require(second >= 0 && second < d, "frame_around", "second", second,
          "a coordinate of the points");
  const auto [x_low, x_high] = padded_range(points, first);
  const auto [y_low, y_high] = padded_range(points, second);
  return {x_low, x_high, y_low, y_high};
}

PointCloud point_cloud(std::string name, PointsIn points, const Frame& frame, Index first,
                       Index second) {
  const Index d = points.rows();
  require(first >= 0 && first < d, "point_cloud", "first", first, "a coordinate of the points");
  require(second >= 0 && second < d, "point_cloud", "second", second, "a coordinate of the points");
  require(frame.x_low < frame.x_high && frame.y_low < frame.y_high, "point_cloud", "frame.x_low",
          frame.x_low, "the lower left corner of a rectangle");
  PointCloud cloud{.name = std::move(name), .frame = frame, .total = points.cols()};
  const bool binned = points.cols() > max_drawn_points;
  if (binned) {
    cloud.columns = cloud.rows = 96;
    cloud.counts.assign(96 * 96, 0);
  }
  for (Index i = 0; i < points.cols(); ++i) {
    const double x = points(first, i), y = points(second, i);
    if (!std::isfinite(x) || !std::isfinite(y)) {
      ++cloud.not_finite;
    } else if (x < frame.x_low || x > frame.x_high || y < frame.y_low || y > frame.y_high) {
      ++cloud.outside;
    } else if (binned) {
      const Index column = bin_of(x, frame.x_low, frame.x_high, cloud.columns);
      const Index row = bin_of(y, frame.y_low, frame.y_high, cloud.rows);
      ++cloud.counts[static_cast<std::size_t>(row * cloud.columns + column)];
    } else {
      cloud.x.push_back(seen(x));
      cloud.y.push_back(seen(y));
    }
  }
  return cloud;
}

DensityGrid density_grid(const LogDensity& density, const Frame& frame, int nodes) {
  require(density.dim() == 2, "density_grid", "density.dim()", density.dim(), "2");
  require(nodes >= 2, "density_grid", "nodes", nodes, "at least 2");
  Matrix points(2, Index{nodes} * nodes);
  const auto at = [nodes](double low, double high, int i) {
    return low + (high - low) * static_cast<double>(i) / static_cast<double>(nodes - 1);
  };
  for (int row = 0; row < nodes; ++row) {
    for (int column = 0; column < nodes; ++column) {
      points.col(Index{row} * nodes + column) << at(frame.x_low, frame.x_high, column),
          at(frame.y_low, frame.y_high, row);
    }
  }
  Vector log_p(points.cols());
  density.log_density(points, log_p);
  const double top = log_p.maxCoeff();
  DensityGrid grid{.frame = frame, .columns = nodes, .rows = nodes};
  grid.log_density.reserve(static_cast<std::size_t>(log_p.size()));
  for (const double value : log_p) {
    grid.log_density.push_back(std::round(std::max(value, top - 60.0) * 1e4) / 1e4);
  }
  return grid;
}

std::vector<Panel> pairwise_panels(std::string name, PointsIn points, int dimensions) {
  const int shown = static_cast<int>(std::min<Index>(dimensions, points.rows()));
  std::vector<Panel> panels;
  for (int i = 0; i < shown; ++i) {
    for (int j = i + 1; j < shown; ++j) {
      ScatterPanel panel;
      panel.x.label = "coordinate " + std::to_string(i + 1);
      panel.y.label = "coordinate " + std::to_string(j + 1);
      panel.clouds.push_back(point_cloud(name, points, frame_around(points, i, j), i, j));
      panels.push_back(std::move(panel));
    }
  }
  return panels;
}

Segments transport_lines(std::string name, PointsIn from, PointsIn to, Index most) {
  require(from.rows() >= 2, "transport_lines", "from.rows()", from.rows(), "at least 2");
  require(to.rows() == from.rows(), "transport_lines", "to.rows()", to.rows(), "as from");
  require(to.cols() == from.cols(), "transport_lines", "to.cols()", to.cols(), "as from");
  require(most >= 1, "transport_lines", "most", most, "at least 1");
  Segments lines{.name = std::move(name), .total = from.cols()};
  const Index kept = std::min(most, from.cols());
  for (Index k = 0; k < kept; ++k) {
    const Index i = k * from.cols() / kept;
    lines.x0.push_back(seen(from(0, i)));
    lines.y0.push_back(seen(from(1, i)));
    lines.x1.push_back(seen(to(0, i)));
    lines.y1.push_back(seen(to(1, i)));
  }
  return lines;
}

Histogram histogram(std::string name, VectorIn samples, double low, double high, int bins) {
  require(low < high, "histogram", "low", low, "below high");
  require(bins >= 0, "histogram", "bins", bins, "at least 0");
  const auto kept = finite_sorted(samples);
  if (bins == 0) bins = freedman_diaconis(kept, low, high);
  Histogram h{.name = std::move(name), .total = samples.size()};
  h.not_finite = h.total - static_cast<std::int64_t>(kept.size());
  std::vector<std::int64_t> counts(static_cast<std::size_t>(bins), 0);
  for (const double x : kept) {
    if (x < low || x > high) {
      ++h.outside;
    } else {
      ++counts[static_cast<std::size_t>(bin_of(x, low, high, bins))];
    }
  }
  const double width = (high - low) / bins;
  for (int i = 0; i <= bins; ++i) h.edges.push_back(low + width * i);
  const double each = 1.0 / (width * static_cast<double>(std::max<std::int64_t>(h.total, 1)));
  for (const auto count : counts) h.density.push_back(static_cast<double>(count) * each);
  return h;
}

Series empirical_cdf(std::string name, VectorIn samples, Index most) {
  require(most >= 2, "empirical_cdf", "most", most, "at least 2");
  const auto kept = finite_sorted(samples);
  Series series{.name = std::move(name), .mark = Mark::steps};
  const Index n = static_cast<Index>(kept.size()), steps = std::min(most, n);
  for (Index k = 1; k <= steps; ++k) {
    const Index rank = k * n / steps;
    series.x.push_back(seen(kept[static_cast<std::size_t>(rank - 1)]));
    series.y.push_back(static_cast<double>(rank) / static_cast<double>(n));
  }
  return series;
}

Series curve(std::string name, const std::function<double(double)>& f, double low, double high,
             int nodes) {
  require(nodes >= 2, "curve", "nodes", nodes, "at least 2");
  Series series{.name = std::move(name), .mark = Mark::line};
  for (int i = 0; i < nodes; ++i) {
    const double x = low + (high - low) * i / (nodes - 1);
    series.x.push_back(x);
    series.y.push_back(f(x));
  }
  return series;
}

Series power_law(std::string name, double order, double x, double y, double low, double high) {
  Series series{.name = std::move(name), .mark = Mark::line, .reference = true};
  for (const double at : {low, high}) {
    series.x.push_back(at);
    series.y.push_back(y * std::pow(at / x, order));
  }
  return series;
}

ImageRow image_row(std::string name, PointsIn pixels, double white, double black, int levels) {
  require(white != black, "image_row", "white", white, "other than black");
  require(levels >= 1 && levels <= 255, "image_row", "levels", levels, "between 1 and 255");
  ImageRow row{.name = std::move(name)};
  for (Index k = 0; k < pixels.cols(); ++k) {
    std::vector<std::uint8_t> image;
    image.reserve(static_cast<std::size_t>(pixels.rows()));
    for (Index i = 0; i < pixels.rows(); ++i) {
      const double ink = (pixels(i, k) - white) / (black - white);
      const double cut = std::isfinite(ink) ? std::clamp(ink, 0.0, 1.0) : 0.0;
      image.push_back(static_cast<std::uint8_t>(std::lround(cut * levels)));
    }
    row.images.push_back(std::move(image));
  }
  return row;
}

PicturePanel picture_panel(std::string title, PointsIn colours, Index width, int most) {
  require(colours.rows() == 3, "picture_panel", "colours.rows()", colours.rows(), "3");
  require(width >= 1 && colours.cols() > 0 && colours.cols() % width == 0, "picture_panel", "width",
          width, "a divisor of the number of pixels, " + std::to_string(colours.cols()));
  require(most >= 1, "picture_panel", "most", most, "at least 1");
  const Index height = colours.cols() / width;
  const Index columns = std::min<Index>(width, most);
  const Index rows = std::max<Index>(1, height * columns / width);
  std::vector<std::uint8_t> rgb;
  rgb.reserve(static_cast<std::size_t>(3 * rows * columns));
  for (Index row = 0; row < rows; ++row) {
    const Index top = row * height / rows, bottom = (row + 1) * height / rows;
    for (Index column = 0; column < columns; ++column) {
      const Index left = column * width / columns, right = (column + 1) * width / columns;
      Vector sum = Vector::Zero(3);
      for (Index y = top; y < bottom; ++y) {
        sum += colours.middleCols(y * width + left, right - left).rowwise().sum();
      }
      sum /= static_cast<double>((bottom - top) * (right - left));
      for (const double value : sum) {
        const double cut = std::isfinite(value) ? std::clamp(value, 0.0, 255.0) : 0.0;
        rgb.push_back(static_cast<std::uint8_t>(std::lround(cut)));
      }
    }
  }
  const int w = static_cast<int>(columns), h = static_cast<int>(rows);
  return {.title = std::move(title), .width = w, .height = h, .png = base64(png_file(w, h, rgb))};
}

}  // namespace pushforward::runner
