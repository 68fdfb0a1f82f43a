#include "pushforward/diffusion/exact_score.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "pushforward/core/errors.hpp"

#include "core/src/parallel.hpp"
#include "diffusion/src/empirical_score_kernels.hpp"

namespace pushforward::diffusion {
namespace {

// Squares of smaller ones leave the range of doubles.
constexpr double smallest_noise = 1e-100;

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

// The data in the two layouts of the kernel; points of weight zero are left out.
struct EmpiricalDenoiser::Cloud {
  std::vector<double> slices, tiles, half_norms, log2_weights, centre;
  detail::EmpiricalCloud view;
};

EmpiricalDenoiser::EmpiricalDenoiser(DiscreteMeasure data) : data_(std::move(data)) {
  constexpr Index tile = detail::EmpiricalCloud::tile;
  constexpr Index slice = detail::EmpiricalCloud::slice;
  constexpr Index chunk = detail::EmpiricalCloud::chunk;
  const Index dim = data_.dim();
  const Index stride = (dim + slice - 1) / slice * slice;
  std::vector<Index> kept;
  for (Index j = 0; j < data_.size(); ++j) {
    if (data_.weights()[j] > 0.0) kept.push_back(j);
  }
  const auto points = static_cast<Index>(kept.size());
  const Index padded = (points + tile - 1) / tile * tile;
  const auto zeros = [](Index n) { return std::vector<double>(static_cast<std::size_t>(n), 0.0); };
  auto cloud = std::make_shared<Cloud>();
  cloud->slices = zeros((points + chunk - 1) / chunk * chunk * stride);
  cloud->tiles = zeros(padded * dim);
  cloud->half_norms = zeros(padded);
  cloud->log2_weights.assign(static_cast<std::size_t>(padded),
                             -std::numeric_limits<double>::infinity());
  cloud->view = {.points = points, .dim = dim, .stride = stride};
  const Vector centre = data_.mean();
  cloud->centre.assign(centre.begin(), centre.end());
  double radius_squared = 0.0;
  for (Index p = 0; p < points; ++p) {
    const auto at = static_cast<std::size_t>(p);
    const Index j = kept[at];
    const Vector centred = data_.points().col(j) - centre;
    for (Index k = 0; k < dim; ++k) {
      const Index place = cloud->view.slice_place(p, k / slice * slice) + k % slice;
      cloud->slices[static_cast<std::size_t>(place)] = data_.points()(k, j);
      cloud->tiles[static_cast<std::size_t>((p / tile * dim + k) * tile + p % tile)] = centred[k];
    }
    cloud->half_norms[at] = 0.5 * centred.squaredNorm();
    cloud->log2_weights[at] = std::log2(data_.weights()[j]);
    radius_squared = std::max(radius_squared, centred.squaredNorm());
  }
  cloud->view.slices = cloud->slices.data();
  cloud->view.tiles = cloud->tiles.data();
  cloud->view.half_norms = cloud->half_norms.data();
  cloud->view.log2_weights = cloud->log2_weights.data();
  cloud->view.centre = cloud->centre.data();
  cloud->view.centre_norm = centre.norm();
  cloud->view.radius = std::sqrt(radius_squared);
  cloud_ = std::move(cloud);
}

void EmpiricalDenoiser::denoise(PointsIn x, double a, double s, PointsOut d) const {
  constexpr std::string_view where = "EmpiricalDenoiser";
  require(x.rows() == dim(), where, "x.rows()", x.rows(),
          "the dimension of the data, " + std::to_string(dim()));
  require(d.rows() == x.rows() && d.cols() == x.cols(), where, "d.cols()", d.cols(),
          "the shape of x");
  require(std::isfinite(a) && a > 0.0, where, "a", a, "greater than 0");
  require(std::isfinite(s) && s >= smallest_noise, where, "s", s, "at least 1e-100");
  const detail::EmpiricalCloud& cloud = cloud_->view;
  const auto& kernels = detail::empirical_score_kernels(active_isa());
  pushforward::detail::parallel_blocks(
      x.cols(), detail::max_queries, 0, [&](Index begin, Index end, Index) {
        std::vector<double> scratch(static_cast<std::size_t>(detail::scratch_size(cloud)));
        kernels.denoise(cloud, x.data() + begin * x.outerStride(), x.outerStride(), end - begin, a,
                        s, d.data() + begin * d.outerStride(), d.outerStride(), scratch.data());
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
