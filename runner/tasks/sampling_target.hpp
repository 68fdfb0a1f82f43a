/// Laws to sample from, as the diffusion tasks take them: an exact denoiser, draws at any noise
/// level, held-out draws to compare with, and a measure of samples between modes.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "pushforward/core/densities/gaussian_mixture.hpp"
#include "pushforward/core/options.hpp"
#include "pushforward/core/rng.hpp"
#include "pushforward/core/types.hpp"
#include "pushforward/diffusion/exact_score.hpp"

#include "runner/task.hpp"

namespace pushforward::runner {

/// Equal Gaussians evenly spaced on a circle in the plane.
struct RingTarget {
  static constexpr std::string_view type_name = "gaussian_ring";
  std::string name = "ring";
  int components = 8;
  double radius = 4.0;
  double standard_deviation = 0.15;

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("name", self.name, any_value, "what the report calls it");
    field("components", self.components, between(1, 1000), "Gaussians on the circle");
    field("radius", self.radius, positive, "of the circle");
    field("standard_deviation", self.standard_deviation, positive, "of each Gaussian");
  }
};

/// Equal Gaussians on a square lattice centred at 0.
struct GridTarget {
  static constexpr std::string_view type_name = "gaussian_grid";
  std::string name = "grid";
  int per_side = 5;
  double spacing = 2.0;
  double standard_deviation = 0.1;

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("name", self.name, any_value, "what the report calls it");
    field("per_side", self.per_side, between(1, 100), "Gaussians along each side");
    field("spacing", self.spacing, positive, "between neighbours");
    field("standard_deviation", self.standard_deviation, positive, "of each Gaussian");
  }
};

/// Isotropic Gaussians given one by one, in any dimension.
struct MixtureTarget {
  static constexpr std::string_view type_name = "gaussian_mixture";
  std::string name = "mixture";
  std::vector<double> weights = {0.5, 0.5};
  Matrix means = (Matrix(1, 2) << -2.0, 2.0).finished();
  std::vector<double> standard_deviations = {0.5, 0.5};

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("name", self.name, any_value, "what the report calls it");
    field("weights", self.weights, non_negative, "of the Gaussians, sum 1");
    field("means", self.means, any_value, "one point for each Gaussian");
    field("standard_deviations", self.standard_deviations, positive, "one for each Gaussian");
  }
};

/// A data set: part of it is the law to sample from, the rest is held out to compare with.
struct EmpiricalTarget {
  static constexpr std::string_view type_name = "empirical";
  std::string name = "data";
  DataReference data;
  std::optional<DataReference> labels;
  double held_out_share = 1.0 / 3.0;
  double shift = 0.0;
  double scale = 1.0;
  int image_width = 0;

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("name", self.name, any_value, "what the report calls it");
    field("data", self.data, any_value, "the points");
    field("labels", self.labels, any_value,
          "their classes, for the share of samples between modes");
    field("held_out_share", self.held_out_share, strictly_between(0.0, 1.0),
          "share of the points that is kept to compare with");
    field("shift", self.shift, finite, "subtracted from every coordinate first");
    field("scale", self.scale, positive, "every coordinate is then divided by this");
    field("image_width", self.image_width, at_least(0),
          "points are grey images of this width, shown in the report; 0: they are not");
  }
};

using TargetOptions = std::variant<RingTarget, GridTarget, MixtureTarget, EmpiricalTarget>;

/// A share of samples, with the same share of the law itself to compare with.
struct MixtureShare {
  double excess = not_known;  ///< Share among the samples minus share in the law.
  double standard_error = not_known;
};

/// One law to sample from.
class SamplingTarget {
 public:
  virtual ~SamplingTarget() = default;

  const std::string& name() const { return name_; }
  Index dim() const { return denoiser().dim(); }
  virtual const diffusion::Denoiser& denoiser() const = 0;

  /// n draws of x_0 + rho e, one a column, in which every component of a mixture, or every point of
  /// a data set, comes as often as its weight asks, up to one: less noise than independent draws.
  virtual Matrix stratified_draws(const RngKey& key, Index n, double rho) const = 0;

  /// n draws of the law: independent, or distinct points while there are any left.
  virtual Matrix draws(const RngKey& key, Index n) const = 0;

  /// Draws that no sampler has seen, one a column; at most what there is.
  virtual Matrix held_out(const RngKey& key, Index n) const = 0;

  /// Share of samples between modes, in excess of the law's own (docs/dpm_ot.md defines it).
  virtual MixtureShare mode_mixture(PointsIn samples) const = 0;

  /// Pearson's chi-squared of how often the samples come from each component of a mixture, against
  /// its weights, per degree of freedom: 1 on average for draws of the law. NaN for other laws.
  virtual double component_chi_squared(PointsIn) const { return not_known; }

  virtual double spread() const = 0;  ///< Root mean square standard deviation of a coordinate.

  /// The mixture behind it, or nullptr.
  virtual const GaussianMixture* mixture() const { return nullptr; }
  /// Grey images: their width, or 0; a sample in data units.
  virtual int image_width() const { return 0; }
  virtual Matrix to_data_units(PointsIn samples) const { return samples; }
  /// Share of samples that lie within a hundredth of the typical gap between neighbouring data of a
  /// data point that the denoiser knows; NaN where the law is not a data set.
  virtual double copied_share(PointsIn) const { return not_known; }

 protected:
  explicit SamplingTarget(std::string name) : name_(std::move(name)) {}

 private:
  std::string name_;
};

/// @throws std::invalid_argument for options that contradict each other.
std::unique_ptr<SamplingTarget> make_target(const TargetOptions& options,
                                            const RunContext& context);

/// How many of n points are held out.
Index held_out_count(const EmpiricalTarget& options, Index n);

/// Cross-field rules, reported below `pointer`.
void validate_target(const TargetOptions& options, const std::string& pointer, const DataSet& data,
                     ConfigProblems& problems);

}  // namespace pushforward::runner
