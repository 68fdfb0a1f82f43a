#include "runner/tasks/sampling_target.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "pushforward/core/densities/presets.hpp"
#include "pushforward/core/measure.hpp"
#include "pushforward/core/stats.hpp"
#include "pushforward/diffusion/mode_mixture.hpp"

#include "runner/non_finite.hpp"

namespace pushforward::runner {
namespace {

double root_mean_variance(const Matrix& covariance) {
  return std::sqrt(covariance.trace() / static_cast<double>(covariance.rows()));
}

class MixtureLaw final : public SamplingTarget {
 public:
  MixtureLaw(std::string name, GaussianMixture mixture, const RngKey& key)
      : SamplingTarget(std::move(name)), denoiser_(std::move(mixture)), reference_key_(key) {}

  const diffusion::Denoiser& denoiser() const override { return denoiser_; }
  const GaussianMixture* mixture() const override { return &denoiser_.data(); }
  double spread() const override { return root_mean_variance(mixture()->covariance()); }

  // Components by systematic sampling of their weights; all of these targets are isotropic.
  Matrix stratified_draws(const RngKey& key, Index n, double rho) const override {
    Matrix x(mixture()->dim(), n);
    fill_normal(key, x);
    double below = mixture()->weights()[0];
    for (Index i = 0, k = 0; i < n; ++i) {
      const double position = (static_cast<double>(i) + 0.5) / static_cast<double>(n);
      while (position > below && k + 1 < mixture()->components())
        below += mixture()->weights()[++k];
      const double variance = mixture()->component_covariance(k)(0, 0) + rho * rho;
      x.col(i) = mixture()->means().col(k) + std::sqrt(variance) * x.col(i);
    }
    return x;
  }
  Matrix draws(const RngKey& key, Index n) const override { return mixture()->draws(key, n); }
  Matrix held_out(const RngKey& key, Index n) const override { return mixture()->draws(key, n); }

  MixtureShare mode_mixture(PointsIn samples) const override {
    const auto share = diffusion::outside_share(*mixture(), samples, reference_key_);
    return {share.excess, share.standard_error};
  }
  double component_chi_squared(PointsIn samples) const override {
    const auto counts = diffusion::component_counts(*mixture(), samples, reference_key_);
    return counts.degrees_of_freedom > 0.0 ? counts.fit.statistic / counts.degrees_of_freedom
                                           : not_known;
  }

 private:
  diffusion::MixtureDenoiser denoiser_;
  RngKey reference_key_;  // of the exact draws that give a law its own share
};

// Known points first, held-out points behind them, after a shuffle that the seed decides.
struct Split {
  Matrix known, held_out;
  IndexVector known_labels, held_out_labels;
};

std::vector<Index> shuffled(const RngKey& key, Index n) {
  Matrix u(1, n);
  fill_uniform(key, u);
  std::vector<Index> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), Index{0});
  std::sort(order.begin(), order.end(), [&](Index i, Index j) {
    return std::pair{u(0, i), i} < std::pair{u(0, j), j};
  });
  return order;
}

Split split(const EmpiricalTarget& options, const Matrix& points, const IndexVector& labels,
            const RngKey& key) {
  const Index n = points.cols();
  const Index held = held_out_count(options, n);
  const auto order = shuffled(key, n);
  Split parts{Matrix(points.rows(), n - held), Matrix(points.rows(), held), IndexVector(n - held),
              IndexVector(held)};
  for (Index i = 0; i < n; ++i) {
    const Index from = order[static_cast<std::size_t>(i)];
    const Vector scaled = (points.col(from).array() - options.shift) / options.scale;
    if (i < n - held) {
      parts.known.col(i) = scaled;
      parts.known_labels[i] = labels[from];
    } else {
      parts.held_out.col(i - (n - held)) = scaled;
      parts.held_out_labels[i - (n - held)] = labels[from];
    }
  }
  return parts;
}

// Distances from each sample to the nearest of `points`; with `skip_self` point i does not count
// for sample i.
Vector nearest_distances(PointsIn samples, PointsIn points, bool skip_self) {
  Vector nearest(samples.cols());
  for (Index i = 0; i < samples.cols(); ++i) {
    Vector squared = (points.colwise() - samples.col(i)).colwise().squaredNorm().transpose();
    if (skip_self) squared[i] = std::numeric_limits<double>::infinity();
    nearest[i] = std::sqrt(squared.minCoeff());
  }
  return nearest;
}

class DataLaw final : public SamplingTarget {
 public:
  DataLaw(const EmpiricalTarget& options, Split parts, bool labelled)
      : SamplingTarget(options.name),
        options_(options),
        parts_(std::move(parts)),
        labelled_(labelled),
        denoiser_(DiscreteMeasure::uniform(parts_.known)) {
    const Matrix centred = parts_.known.colwise() - Vector(parts_.known.rowwise().mean());
    spread_ = std::sqrt(centred.squaredNorm() / static_cast<double>(centred.size()));
    typical_gap_ = quantile(nearest_distances(parts_.known, parts_.known, true), 0.5);
  }

  const diffusion::Denoiser& denoiser() const override { return denoiser_; }
  double spread() const override { return spread_; }
  int image_width() const override { return options_.image_width; }
  Matrix to_data_units(PointsIn samples) const override {
    return (samples.array() * options_.scale + options_.shift).matrix();
  }

  Matrix draws(const RngKey& key, Index n) const override { return stratified_draws(key, n, 0.0); }

  Matrix stratified_draws(const RngKey& key, Index n, double rho) const override {
    Matrix x(parts_.known.rows(), n);
    fill_normal(key, x);
    x *= rho;
    const auto order = shuffled(key.for_purpose(Draw::component), parts_.known.cols());
    for (Index i = 0; i < n; ++i) {
      x.col(i) += parts_.known.col(order[static_cast<std::size_t>(i % parts_.known.cols())]);
    }
    return x;
  }

  Matrix held_out(const RngKey&, Index n) const override {
    return parts_.held_out.leftCols(std::min(n, parts_.held_out.cols()));
  }

  MixtureShare mode_mixture(PointsIn samples) const override;
  double copied_share(PointsIn samples) const override;

 private:
  EmpiricalTarget options_;
  Split parts_;
  bool labelled_;
  diffusion::EmpiricalDenoiser denoiser_;
  double spread_ = 0.0;
  double typical_gap_ = 0.0;  // median distance of a known point to its nearest neighbour
};

MixtureShare DataLaw::mode_mixture(PointsIn samples) const {
  if (!labelled_) return {};
  const auto share =
      diffusion::class_ambiguity(samples, parts_.held_out, parts_.known, parts_.known_labels);
  return {share.excess, share.standard_error};
}

double DataLaw::copied_share(PointsIn samples) const {
  const double near = 0.01 * typical_gap_;
  const Vector distances = nearest_distances(samples, parts_.known, false);
  return static_cast<double>((distances.array() < near).count()) /
         static_cast<double>(distances.size());
}

const std::string* target_name(const TargetOptions& options) {
  return &std::visit([](const auto& t) -> const std::string& { return t.name; }, options);
}

GaussianMixture mixture_of(const MixtureTarget& options) {
  const auto vector = [](const std::vector<double>& values) {
    return Vector(Eigen::Map<const Vector>(values.data(), static_cast<Index>(values.size())));
  };
  return GaussianMixture::isotropic(vector(options.weights), options.means,
                                    vector(options.standard_deviations));
}

}  // namespace

Index held_out_count(const EmpiricalTarget& options, Index n) {
  const double wanted = options.held_out_share * static_cast<double>(n);
  return std::clamp<Index>(static_cast<Index>(std::lround(wanted)), 1, std::max<Index>(1, n - 1));
}

std::unique_ptr<SamplingTarget> make_target(const TargetOptions& options,
                                            const RunContext& context) {
  const RngKey key = context.key(Draw::certificate).at_step(1);
  if (const auto* ring = std::get_if<RingTarget>(&options)) {
    return std::make_unique<MixtureLaw>(
        ring->name, ring_of_gaussians(ring->components, ring->radius, ring->standard_deviation),
        key);
  }
  if (const auto* grid = std::get_if<GridTarget>(&options)) {
    return std::make_unique<MixtureLaw>(
        grid->name, grid_of_gaussians(grid->per_side, grid->spacing, grid->standard_deviation),
        key);
  }
  if (const auto* mixture = std::get_if<MixtureTarget>(&options)) {
    return std::make_unique<MixtureLaw>(mixture->name, mixture_of(*mixture), key);
  }
  const auto& empirical = std::get<EmpiricalTarget>(options);
  const Matrix& points = context.data(empirical.data).points();
  IndexVector labels = IndexVector::Zero(points.cols());
  if (empirical.labels) {
    labels = context.data(*empirical.labels).points().row(0).transpose().cast<Index>();
  }
  return std::make_unique<DataLaw>(empirical,
                                   split(empirical, points, labels, context.key(Draw::component)),
                                   empirical.labels.has_value());
}

void validate_target(const TargetOptions& options, const std::string& pointer, const DataSet& data,
                     ConfigProblems& problems) {
  const std::string& name = *target_name(options);
  if (name.empty() || name.find_first_of("/ \\\"'<>.") != std::string::npos) {
    problems.add(pointer + "/name", "must be a word without spaces, dots, slashes or quotes");
  }
  if (const auto* mixture = std::get_if<MixtureTarget>(&options)) {
    const auto components = static_cast<std::size_t>(mixture->means.cols());
    if (mixture->weights.size() != components ||
        mixture->standard_deviations.size() != components) {
      problems.add(pointer, "needs as many weights and standard_deviations as means, which are " +
                                std::to_string(components));
      return;
    }
    if (too_large(mixture->means)) problems.add(pointer + "/means", std::string(too_large_text));
    try {
      mixture_of(*mixture);
    } catch (const std::invalid_argument& error) {
      problems.add(pointer, error.what());
    }
  }
  const auto* empirical = std::get_if<EmpiricalTarget>(&options);
  if (empirical == nullptr) return;
  const DiscreteMeasure* points = data.find(empirical->data);
  if (points == nullptr) return;
  if (too_large(points->points())) {
    problems.add(pointer + "/data", std::string(too_large_text));
  }
  if (points->size() < 2) problems.add(pointer + "/data", "needs at least two points");
  if (empirical->image_width > 0 && points->dim() % empirical->image_width != 0) {
    problems.add(pointer + "/image_width",
                 "does not divide the dimension of the data, " + std::to_string(points->dim()));
  }
  if (!empirical->labels) return;
  const DiscreteMeasure* labels = data.find(*empirical->labels);
  if (labels == nullptr) return;
  if (labels->dim() != 1 || labels->size() != points->size()) {
    problems.add(pointer + "/labels", "must hold one number for each of the " +
                                          std::to_string(points->size()) + " points");
  } else if ((labels->points().array() < 0.0).any() ||
             labels->points() != Matrix(labels->points().array().floor())) {
    problems.add(pointer + "/labels", "must hold classes 0, 1, 2, ...");
  }
}

}  // namespace pushforward::runner
