#include "runner/tasks/density_source.hpp"

#include <cmath>
#include <stdexcept>
#include <utility>

#include "pushforward/core/measure.hpp"
#include "pushforward/ot/semidiscrete_domain.hpp"

#include "runner/non_finite.hpp"

namespace pushforward::runner {

namespace {

/// Reports what the constructor of a source has to say.
template <class Build>
void validate_by(Build build, const std::string& pointer, ConfigProblems& problems) {
  try {
    build();
  } catch (const std::invalid_argument& error) {
    problems.add(pointer, error.what());
  }
}

/// The density of greys: d x n as they were read, rows of pixels being columns here.
Matrix ink_of(PointsIn greys, Ink ink, double floor) {
  Matrix density = greys;
  if (ink == Ink::dark) density = (greys.maxCoeff() - density.array()).matrix();
  return (density.array() + floor * density.maxCoeff()).matrix();
}

template <class Source>
void validate_greys(const Source& source, const std::string& pointer, const DataSet& data,
                    ConfigProblems& problems) {
  const DiscreteMeasure* greys = data.find(source.pixels);
  if (greys == nullptr) return;
  const Matrix& values = greys->points();
  if (source.ink == Ink::bright && values.minCoeff() < 0.0) {
    problems.add(pointer + "/pixels",
                 "there are negative greys, and \"bright\" takes greys as mass");
  } else if (too_large(values)) {
    problems.add(pointer + "/pixels", "greys must stay below 1e+150 in size");
  } else if (!(ink_of(values, source.ink, source.floor).maxCoeff() > 0.0)) {
    problems.add(pointer + "/pixels", "no pixel carries mass: all greys are " +
                                          std::string(source.ink == Ink::dark ? "the same" : "0"));
  }
}

}  // namespace

void validate_source(const BoxSource& box, const std::string& pointer, const DataSet&,
                     ConfigProblems& problems) {
  if (box.lower.size() == 0) {
    problems.add(pointer + "/lower", "there must be at least one side");
  } else if (box.lower.size() != box.upper.size()) {
    problems.add(pointer + "/upper", "there are " + std::to_string(box.lower.size()) +
                                         " lower ends and " + std::to_string(box.upper.size()) +
                                         " upper ones");
  } else {
    for (Index k = 0; k < box.lower.size(); ++k) {
      if (box.lower[k] < box.upper[k]) continue;
      problems.add(pointer + "/upper/" + std::to_string(k), "must be above its lower end");
    }
    if (too_large(box.lower) || too_large(box.upper)) {
      problems.add(pointer, std::string(too_large_text));
    }
  }
}

void validate_source(const PolygonSource& polygon, const std::string& pointer, const DataSet&,
                     ConfigProblems& problems) {
  if (too_large(polygon.vertices)) {
    problems.add(pointer + "/vertices", std::string(too_large_text));
    return;
  }
  validate_by([&] { ot::ConvexPolygon(polygon.vertices); }, pointer + "/vertices", problems);
}

void validate_source(const ImageSource& image, const std::string& pointer, const DataSet& data,
                     ConfigProblems& problems) {
  validate_greys(image, pointer, data, problems);
}

void validate_source(const VoxelSource& voxels, const std::string& pointer, const DataSet& data,
                     ConfigProblems& problems) {
  validate_greys(voxels, pointer, data, problems);
  const DiscreteMeasure* greys = data.find(voxels.pixels);
  if (greys == nullptr || greys->size() % voxels.rows == 0) return;
  problems.add(pointer + "/rows", "does not divide the number of rows in all slices, " +
                                      std::to_string(greys->size()));
}

void validate_source(const LineHistogramSource& histogram, const std::string& pointer,
                     const DataSet&, ConfigProblems& problems) {
  if (too_large(histogram.edges.transpose())) {
    problems.add(pointer + "/edges", std::string(too_large_text));
    return;
  }
  validate_by([&] { make_line_law(histogram); }, pointer, problems);
}

void validate_source(const LineMixtureSource& mixture, const std::string& pointer, const DataSet&,
                     ConfigProblems& problems) {
  const auto same = mixture.weights.size();
  mixture.validate(pointer, problems);
  if (same == 0 || mixture.means.size() != same || mixture.standard_deviations.size() != same) {
    return;
  }
  validate_by([&] { make_line_law(mixture); }, pointer, problems);
}

std::shared_ptr<const ot::LaguerreSource> make_density(const DensitySource& source,
                                                       const RunContext& context) {
  if (const auto* box = std::get_if<BoxSource>(&source)) {
    return std::make_shared<ot::Box>(box->lower, box->upper);
  }
  if (const auto* polygon = std::get_if<PolygonSource>(&source)) {
    return std::make_shared<ot::ConvexPolygon>(polygon->vertices);
  }
  const auto grid = [&](const auto& picture, const IndexVector& shape, const Matrix& density) {
    const double side = picture.width / static_cast<double>(shape[0]);
    const Vector upper = side * shape.cast<double>();
    return std::make_shared<ot::GridDensity>(
        Vector::Zero(shape.size()), upper, shape,
        Eigen::Map<const Vector>(density.data(), density.size()));
  };
  if (const auto* image = std::get_if<ImageSource>(&source)) {
    const Matrix& greys = context.data(image->pixels).points();
    // Rows count from the top, y from below.
    const Matrix density = ink_of(greys, image->ink, image->floor).rowwise().reverse();
    return grid(*image, (IndexVector(2) << greys.rows(), greys.cols()).finished(), density);
  }
  const auto& voxels = std::get<VoxelSource>(source);
  const Matrix& greys = context.data(voxels.pixels).points();
  const IndexVector shape =
      (IndexVector(3) << greys.rows(), voxels.rows, greys.cols() / voxels.rows).finished();
  return grid(voxels, shape, ink_of(greys, voxels.ink, voxels.floor));
}

Index dim_of(const DensitySource& source) {
  if (const auto* box = std::get_if<BoxSource>(&source)) return box->lower.size();
  return std::holds_alternative<VoxelSource>(source) ? 3 : 2;
}

double pixels_of(const DensitySource& source, const DataSet& data) {
  const auto count = [&](const DataReference& pixels) {
    const DiscreteMeasure* greys = data.find(pixels);
    return greys == nullptr ? 0.0 : static_cast<double>(greys->points().size());
  };
  if (const auto* image = std::get_if<ImageSource>(&source)) return count(image->pixels);
  if (const auto* voxels = std::get_if<VoxelSource>(&source)) return count(voxels->pixels);
  return 0.0;
}

ot::LineLawPtr make_line_law(const LineHistogramSource& histogram) {
  return ot::histogram_line_law(histogram.edges, histogram.masses);
}

ot::LineLawPtr make_line_law(const LineMixtureSource& mixture) {
  return ot::mixture_line_law(mixture.law());
}

void LineDraws::draw(const RngKey& key, PointsOut x) const {
  fill_uniform(key, x);
  for (double& place : x.reshaped()) place = law_->quantile({place, 1.0 - place}) + law_->origin();
}

}  // namespace pushforward::runner
