/// What a figure shows, as plain data: the numbers and the words, nothing about drawing.
///
/// A figure is one or more panels with a title, a description for those who cannot see it, and a
/// caption. Figures compare equal when they show the same, are stored with a run (figure_json.hpp),
/// drawn as SVG (svg.hpp) and exported as Vega-Lite (figure_vega.hpp). The builders below bin and
/// count so that a figure stays small whatever the sample size, and nothing is left out silently.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "pushforward/core/density.hpp"
#include "pushforward/core/types.hpp"

namespace pushforward::runner {

enum class Scale { linear, log };
constexpr std::array<std::string_view, 2> enum_names(Scale) { return {"linear", "log"}; }

/// A quantity along one side of a panel. Without limits the data decide.
struct Axis {
  std::string label;
  std::string unit;  ///< Empty for a pure number.
  Scale scale = Scale::linear;
  std::optional<double> low, high;
  bool operator==(const Axis&) const = default;
};

enum class Mark { line, points, line_and_points, steps };
constexpr std::array<std::string_view, 4> enum_names(Mark) {
  return {"line", "points", "line_and_points", "steps"};
}

/// The exponent of a power law y = c x^value fitted to a series, on logarithms.
struct FittedSlope {
  double value = 0.0;
  double standard_error = 0.0;
  bool operator==(const FittedSlope&) const = default;
};

/// y against x. A pair that is not finite, or not positive on a log axis, is a gap in the line and
/// is counted in the panel's note. The same name has the same colour throughout a figure.
struct Series {
  std::string name;
  std::vector<double> x, y;
  std::vector<double> standard_errors;  ///< Of y; empty when not known.
  Mark mark = Mark::line_and_points;
  bool reference = false;  ///< A theoretical line or bound: thin, dashed and grey.
  bool emphasis = false;   ///< The method the figure is about: a heavier line.
  std::optional<FittedSlope> slope;
  bool operator==(const Series&) const = default;
};

struct LinePanel {
  std::string title;
  Axis x, y;
  std::vector<Series> series;
  bool operator==(const LinePanel&) const = default;
};

/// The rectangle that a planar panel shows.
struct Frame {
  double x_low = 0.0, x_high = 1.0, y_low = 0.0, y_high = 1.0;
  bool operator==(const Frame&) const = default;
};

/// A log-density on the nodes of a grid, drawn as the smallest regions that hold given shares of
/// its mass inside the frame. Row by row from the lowest y: columns * rows values.
struct DensityGrid {
  Frame frame;
  int columns = 0, rows = 0;
  std::vector<double> log_density;
  bool operator==(const DensityGrid&) const = default;
};

/// Points one by one, or as counts on a grid of bins once there are more than 2000.
struct PointCloud {
  std::string name;
  std::vector<double> x, y;  ///< Empty when binned.
  Frame frame;               ///< Of the bins.
  int columns = 0, rows = 0;
  std::vector<std::int64_t> counts;  ///< Row by row from the lowest y; empty when not binned.
  std::int64_t total = 0;            ///< All points given, whether inside the frame or not.
  std::int64_t outside = 0;          ///< Of these, finite but outside the frame.
  std::int64_t not_finite = 0;       ///< Of these, NaN or infinite.
  bool binned() const { return !counts.empty(); }
  bool operator==(const PointCloud&) const = default;
};

/// Lines from (x0, y0) to (x1, y1): where transport takes the mass.
struct Segments {
  std::string name;
  std::vector<double> x0, y0, x1, y1;
  std::int64_t total = 0;  ///< Lines there were; those kept are evenly spaced among them.
  bool operator==(const Segments&) const = default;
};

/// Points over a density in the plane, equal units on both axes.
struct ScatterPanel {
  std::string title;
  Axis x, y;
  std::optional<DensityGrid> density;
  std::vector<PointCloud> clouds;
  std::vector<Segments> segments;
  bool operator==(const ScatterPanel&) const = default;
};

/// A density estimate by counting: density[i] = share of samples in bin i / width of bin i.
struct Histogram {
  std::string name;
  std::vector<double> edges;    ///< One more than bins, ascending.
  std::vector<double> density;  ///< Per unit of x.
  std::int64_t total = 0, outside = 0, not_finite = 0;
  bool operator==(const Histogram&) const = default;
};

/// Histograms under curves: exact densities, distribution functions.
struct HistogramPanel {
  std::string title;
  Axis x, y;
  std::vector<Histogram> histograms;
  std::vector<Series> curves;
  bool operator==(const HistogramPanel&) const = default;
};

/// One value per category, horizontal bars. Values that are not finite have no bar and say so.
struct BarGroup {
  std::string name;
  std::vector<double> values;
  std::vector<double> standard_errors;  ///< Empty when not known.
  bool operator==(const BarGroup&) const = default;
};

struct BarPanel {
  std::string title;
  Axis value;
  std::vector<std::string> categories;
  std::vector<BarGroup> groups;
  bool stacked = false;  ///< The groups of a category add up to a whole.
  bool operator==(const BarPanel&) const = default;
};

/// A named row of small grey images, each width * height pixels row by row from the top.
struct ImageRow {
  std::string name;
  std::vector<std::vector<std::uint8_t>> images;
  bool operator==(const ImageRow&) const = default;
};

struct ImagePanel {
  std::string title;
  int width = 0, height = 0;
  int levels = 16;  ///< A pixel of this value is full ink, 0 is paper.
  std::vector<ImageRow> rows;
  bool operator==(const ImagePanel&) const = default;
};

/// A colour picture, a photograph say.
struct PicturePanel {
  std::string title;
  int width = 0, height = 0;
  std::string png;  ///< The PNG file of width x height pixels in base64.
  bool operator==(const PicturePanel&) const = default;
};

using Panel =
    std::variant<LinePanel, ScatterPanel, HistogramPanel, BarPanel, ImagePanel, PicturePanel>;

/// Small multiples: panels side by side, filled row by row.
struct Figure {
  std::string id;           ///< Letters, digits, `.`, `_`, `-`: also the file's stem.
  std::string title;        ///< What is seen, in a few words.
  std::string description;  ///< For those who cannot see it: what is drawn and what it shows.
  std::string caption;      ///< What to notice; may be empty.
  std::vector<Panel> panels;
  int columns = 0;  ///< Panels per row; 0 chooses by their number.
  bool share_x = false, share_y = false;
  std::vector<std::string> color_order;  ///< Names that take the first colours: the same list in
                                         ///< every figure of a report keeps a method's colour.
  bool operator==(const Figure&) const = default;

  /// @throws std::invalid_argument naming the panel and the field whose size or value is wrong.
  void validate() const;
};

/// A number with its standard error (NaN when not known), or text.
struct Measured {
  double value = 0.0;
  double standard_error = std::numeric_limits<double>::quiet_NaN();
};
using TableCell = std::variant<std::string, Measured>;

enum class Better { neither, smaller, larger };

struct TableColumn {
  std::string name;
  std::string unit;
  Better better = Better::neither;  ///< The best value of the column is set in bold.
};

struct Table {
  std::string id;
  std::string title;
  std::vector<TableColumn> columns;
  std::vector<std::vector<TableCell>> rows;
  std::string note;

  void validate() const;  ///< @throws std::invalid_argument when a row has another length.
};

/// Above this many points a panel shows counts instead.
inline constexpr Index max_drawn_points = 2000;

/// The frame that holds all finite points with a margin of 5%; a unit frame when there are none.
/// points: d x n, shown are coordinates `first` and `second`.
Frame frame_around(PointsIn points, Index first = 0, Index second = 1);

/// points: d x n, shown are coordinates `first` and `second`.
/// @throws std::invalid_argument when a coordinate is not below d or the frame is empty.
PointCloud point_cloud(std::string name, PointsIn points, const Frame& frame, Index first = 0,
                       Index second = 1);

/// The log-density of a planar target on `nodes` x `nodes` points of the frame, to 1e-4, cut 60
/// below its largest value.
/// @throws std::invalid_argument when the density is not two-dimensional.
DensityGrid density_grid(const LogDensity& density, const Frame& frame, int nodes = 129);

/// points: d x n. One panel for each pair of the first `dimensions` coordinates.
std::vector<Panel> pairwise_panels(std::string name, PointsIn points, int dimensions);

/// from, to: d x n. Keeps at most `most` lines, evenly spaced by index.
Segments transport_lines(std::string name, PointsIn from, PointsIn to, Index most = 300);

/// `bins` 0 takes the Freedman-Diaconis width, between 10 and 120 bins.
Histogram histogram(std::string name, VectorIn samples, double low, double high, int bins = 0);

/// The empirical distribution function, at no more than `most` quantiles of the samples.
Series empirical_cdf(std::string name, VectorIn samples, Index most = 400);

/// f on `nodes` evenly spaced points.
Series curve(std::string name, const std::function<double(double)>& f, double low, double high,
             int nodes = 257);

/// The theoretical line y = c x^order through (x, y), from `low` to `high`.
Series power_law(std::string name, double order, double x, double y, double low, double high);

/// pixels: (width * height) x n, row by row from the top; `black` and `white` are the values of
/// full ink and paper, values beyond them are cut.
ImageRow image_row(std::string name, PointsIn pixels, double white, double black, int levels = 16);

/// The picture of `colours` (3 x (width * height), row by row from the top), rounded and cut to
/// 0 to 255; what is wider than `most` pixels is shown in averages of equal rectangles.
PicturePanel picture_panel(std::string title, PointsIn colours, Index width, int most = 400);

}  // namespace pushforward::runner
