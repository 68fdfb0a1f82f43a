/// Exact denoisers: the posterior mean of the data given a noised point, for laws where it has a
/// closed form. What a trained network approximates is known here to rounding.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "pushforward/core/densities/gaussian_mixture.hpp"
#include "pushforward/core/measure.hpp"
#include "pushforward/core/types.hpp"

namespace pushforward::diffusion {

/// D(x) = E[x_0 | a x_0 + s e = x] with e ~ N(0, I). Const members are safe from many threads.
///
/// The score of the noised law is (a D(x) - x) / s^2 and the noise prediction is (x - a D(x)) / s.
class Denoiser {
 public:
  virtual ~Denoiser() = default;
  virtual Index dim() const = 0;
  /// x: d x n noised points. d: d x n, the denoised ones; must not overlap x. Needs a > 0, s > 0.
  virtual void denoise(PointsIn x, double a, double s, PointsOut d) const = 0;

  Matrix denoised(PointsIn x, double a, double s) const {
    Matrix d(x.rows(), x.cols());
    denoise(x, a, s, d);
    return d;
  }
};

/// Data that is a Gaussian mixture: responsibilities times the posterior means of the components.
class MixtureDenoiser final : public Denoiser {
 public:
  explicit MixtureDenoiser(GaussianMixture data) : data_(std::move(data)) {}
  Index dim() const override { return data_.dim(); }
  void denoise(PointsIn x, double a, double s, PointsOut d) const override {
    data_.denoise(x, a, s, d);
  }

  const GaussianMixture& data() const { return data_; }

 private:
  GaussianMixture data_;
};

/// Data that is a finite set of weighted points: D is their softmax-weighted mean,
///   D(x) = sum_i w_i y_i / sum_i w_i,   log w_i = log weight_i - |x - a y_i|^2 / (2 s^2).
///
/// As s -> 0 it becomes the map to the nearest point; ties are shared. Work O(n m d) for n queries
/// and m points; memory 3 d m doubles, independent of n. Where squared distances by scalar products
/// would leave errors above 1e-11 in the logits, the distances that matter are recomputed as sums
/// of squared differences. Bits do not depend on threads or on how queries are batched.
/// `denoise` throws std::invalid_argument for a wrong shape, a <= 0 or s < 1e-100.
class EmpiricalDenoiser final : public Denoiser {
 public:
  explicit EmpiricalDenoiser(DiscreteMeasure data);
  Index dim() const override { return data_.dim(); }
  void denoise(PointsIn x, double a, double s, PointsOut d) const override;

  const DiscreteMeasure& data() const { return data_; }

 private:
  struct Cloud;
  DiscreteMeasure data_;
  std::shared_ptr<const Cloud> cloud_;  // the kernel's layouts; copies share them
};

/// A denoiser from a function of (x, a, s) that returns a d x n matrix, called from many threads.
/// A result of another shape is an std::invalid_argument.
std::unique_ptr<Denoiser> make_denoiser(
    Index dim, std::function<Matrix(PointsIn x, double a, double s)> function);

}  // namespace pushforward::diffusion
