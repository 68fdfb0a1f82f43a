#include "pushforward/diffusion/exact_score.hpp"

#include <cmath>
#include <limits>
#include <string>

#include "pushforward/core/errors.hpp"

#include "core/src/parallel.hpp"

namespace pushforward::diffusion {
namespace {

class FunctionDenoiser final : public Denoiser {
 public:
  FunctionDenoiser(Index dim, std::function<Matrix(PointsIn, double, double)> function)
      : dim_(dim), function_(std::move(function)) {}
  Index dim() const override { return dim_; }
  void denoise(PointsIn x, double a, double s, PointsOut d) const override {
    const Matrix result = function_(x, a, s);
    require(result.rows() == dim_, "denoiser function", "result.rows()", result.rows(),
            "the dimension, " + std::to_string(dim_));
    require(result.cols() == x.cols(), "denoiser function", "result.cols()", result.cols(),
            "one per point, " + std::to_string(x.cols()));
    d = result;
  }

 private:
  Index dim_;
  std::function<Matrix(PointsIn, double, double)> function_;
};

}  // namespace

EmpiricalDenoiser::EmpiricalDenoiser(DiscreteMeasure data) : data_(std::move(data)) {}

void EmpiricalDenoiser::denoise(PointsIn x, double a, double s, PointsOut d) const {
  const Matrix& y = data_.points();
  const Vector log_weights = data_.weights().array().log();
  const double scale = -0.5 / (s * s);
  detail::parallel_blocks(x.cols(), 16, 0, [&](Index begin, Index end, Index) {
    Vector distances(y.cols());
    for (Index i = begin; i < end; ++i) {
      for (Index j = 0; j < y.cols(); ++j) {
        distances[j] = (x.col(i) - a * y.col(j)).squaredNorm();
      }
      // Differences of distances first: log weights would drown in |x - y|^2 / s^2.
      const Vector logits =
          log_weights.array() + scale * (distances.array() - distances.minCoeff());
      const Vector w = (logits.array() - logits.maxCoeff()).exp();
      d.col(i).noalias() = y * w / w.sum();
    }
  });
}

std::unique_ptr<Denoiser> make_denoiser(
    Index dim, std::function<Matrix(PointsIn x, double a, double s)> function) {
  require(dim >= 1, "make_denoiser", "dim", dim, "at least 1");
  require(static_cast<bool>(function), "make_denoiser", "function", std::string("empty"),
          "something to call");
  return std::make_unique<FunctionDenoiser>(dim, std::move(function));
}

}  // namespace pushforward::diffusion
