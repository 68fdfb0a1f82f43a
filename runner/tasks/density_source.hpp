/// Laws with a density that semi-discrete tasks start from: boxes, polygons, images, voxels, and
/// laws on the line.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "pushforward/ot/laguerre.hpp"
#include "pushforward/ot/line_law.hpp"

#include "runner/task.hpp"
#include "runner/tasks/diffusion_theory_law.hpp"

namespace pushforward::runner {

/// The uniform law on {lower <= x <= upper}.
struct BoxSource {
  static constexpr std::string_view type_name = "box";
  Vector lower = Vector::Zero(2);
  Vector upper = Vector::Ones(2);
  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("lower", self.lower, finite, "lower end of each side");
    field("upper", self.upper, finite, "upper end of each side");
  }
};

/// The uniform law on a convex polygon.
struct PolygonSource {
  static constexpr std::string_view type_name = "convex_polygon";
  Matrix vertices = (Matrix(2, 5) << 0.0, 1.0, 1.3, 0.5, -0.3, 0.0, 0.0, 0.9, 1.5, 0.9).finished();
  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("vertices", self.vertices, any_value, "in order around the polygon, either way");
  }
};

/// Which greys carry mass.
enum class Ink { dark, bright };
constexpr std::array<std::string_view, 2> enum_names(Ink) { return {"dark", "bright"}; }

/// The density of a picture: constant on each of its square pixels.
struct ImageSource {
  static constexpr std::string_view type_name = "image";
  DataReference pixels;
  Ink ink = Ink::dark;
  double floor = 0.0;
  double width = 1.0;
  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("pixels", self.pixels, any_value, "greys, one row of the array a row from the top");
    field("ink", self.ink, any_value,
          "dark: the largest grey less the grey is the density; bright: the grey is");
    field("floor", self.floor, between(0, 1), "added to it, as a share of the largest density");
    field("width", self.width, positive, "of the picture; its lower left corner is 0");
  }
};

/// The density of a volume: constant on each of its cubic voxels.
struct VoxelSource {
  static constexpr std::string_view type_name = "voxels";
  DataReference pixels;
  Index rows = 1;
  Ink ink = Ink::bright;
  double floor = 0.0;
  double width = 1.0;
  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("pixels", self.pixels, any_value,
          "greys: rows along x, so many a slice along y, slice after slice along z");
    field("rows", self.rows, at_least(1), "of each slice");
    field("ink", self.ink, any_value,
          "dark: the largest grey less the grey is the density; bright: the grey is");
    field("floor", self.floor, between(0, 1), "added to it, as a share of the largest density");
    field("width", self.width, positive, "of the volume along x; its lowest corner is 0");
  }
};

/// Mass spread evenly over each of some intervals.
struct LineHistogramSource {
  static constexpr std::string_view type_name = "line_histogram";
  Vector edges = Vector::LinSpaced(4, 0.0, 3.0);
  Vector masses = (Vector(3) << 1.0, 3.0, 2.0).finished();
  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("edges", self.edges, finite, "ends of the intervals, increasing");
    field("masses", self.masses, non_negative, "of the intervals, divided by their sum");
  }
};

/// A Gaussian mixture on the line.
struct LineMixtureSource : LineMixture {
  static constexpr std::string_view type_name = "line_mixture";
};

/// Densities in the plane and in space whose Laguerre cells are integrated.
using DensitySource = std::variant<BoxSource, PolygonSource, ImageSource, VoxelSource>;

/// What is wrong with it, in the config or in its data.
void validate_source(const BoxSource& box, const std::string& pointer, const DataSet& data,
                     ConfigProblems& problems);
void validate_source(const PolygonSource& polygon, const std::string& pointer, const DataSet& data,
                     ConfigProblems& problems);
void validate_source(const ImageSource& image, const std::string& pointer, const DataSet& data,
                     ConfigProblems& problems);
void validate_source(const VoxelSource& voxels, const std::string& pointer, const DataSet& data,
                     ConfigProblems& problems);
void validate_source(const LineHistogramSource& histogram, const std::string& pointer,
                     const DataSet& data, ConfigProblems& problems);
void validate_source(const LineMixtureSource& mixture, const std::string& pointer,
                     const DataSet& data, ConfigProblems& problems);

/// A density with cells; of a source that has passed `validate_source`.
/// @throws std::invalid_argument for a box in a dimension other than 2 and 3
std::shared_ptr<const ot::LaguerreSource> make_density(const DensitySource& source,
                                                       const RunContext& context);
Index dim_of(const DensitySource& source);
/// Pixels or voxels; 0 where there are none, or none that could be read.
double pixels_of(const DensitySource& source, const DataSet& data);

ot::LineLawPtr make_line_law(const LineHistogramSource& histogram);
ot::LineLawPtr make_line_law(const LineMixtureSource& mixture);

/// Draws of a law on the line: its quantiles at uniform places.
class LineDraws final : public Sampler {
 public:
  explicit LineDraws(ot::LineLawPtr law) : law_(std::move(law)) {}
  Index dim() const override { return 1; }
  void draw(const RngKey& key, PointsOut x) const override;

 private:
  ot::LineLawPtr law_;
};

}  // namespace pushforward::runner
