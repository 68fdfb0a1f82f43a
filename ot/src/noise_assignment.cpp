#include "pushforward/ot/noise_assignment.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "pushforward/core/errors.hpp"
#include "pushforward/core/measure.hpp"
#include "pushforward/ot/assignment.hpp"

#include "core/src/parallel.hpp"
#include "ot/src/cell_assignment.hpp"

namespace pushforward::ot {
namespace {

using pushforward::detail::ordered_sum;
using pushforward::detail::parallel_blocks;

constexpr const char* here = "noise_assignment";
constexpr Index largest_exact = 512;
constexpr Index column_block = 128;
constexpr double levels = 65535.0;

double mean_cost(PointsIn data, PointsIn noise, const IndexVector& noise_of, int threads) {
  const double sum = ordered_sum(data.cols(), column_block, threads, [&](Index begin, Index end) {
    double part = 0.0;
    for (Index i = begin; i < end; ++i) {
      part += (data.col(i) - noise.col(noise_of[i])).squaredNorm();
    }
    return part;
  });
  return sum / static_cast<double>(data.cols());
}

/// -<x_i, z_j> for centred clouds: |x_i - z_j|^2 less what no permutation changes, halved.
template <class T>
Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic> negative_dots(PointsIn data, PointsIn noise,
                                                               int threads) {
  using Block = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
  const Vector data_mean = data.rowwise().mean(), noise_mean = noise.rowwise().mean();
  const Block x = (data_mean.replicate(1, data.cols()) - data).template cast<T>().transpose();
  const Block z = (noise.colwise() - noise_mean).template cast<T>();
  Block cost(x.rows(), z.cols());
  parallel_blocks(z.cols(), column_block, threads, [&](Index begin, Index end, Index) {
    cost.middleCols(begin, end - begin).noalias() = x * z.middleCols(begin, end - begin);
  });
  return cost;
}

struct Costs {
  Matrix cost;
  double rounding = 0.0;  ///< Largest error of an entry, in units of an inner product.
};

Costs quantised_costs(PointsIn data, PointsIn noise, int threads) {
  const Eigen::MatrixXf dots = negative_dots<float>(data, noise, threads);
  const double low = double{dots.minCoeff()}, range = double{dots.maxCoeff()} - low;
  Costs costs{Matrix(dots.rows(), dots.cols())};
  const double per_level = range > 0.0 ? levels / range : 0.0;
  parallel_blocks(dots.cols(), column_block, threads, [&](Index begin, Index end, Index) {
    for (Index j = begin; j < end; ++j) {
      for (Index i = 0; i < dots.rows(); ++i) {
        costs.cost(i, j) = std::round((double{dots(i, j)} - low) * per_level);
      }
    }
  });
  const auto longest = [](PointsIn points) {
    return (points.colwise() - points.rowwise().mean()).colwise().norm().maxCoeff();
  };
  const double single = 0x1p-24 * static_cast<double>(data.rows() + 3);
  costs.rounding = 0.5 * range / levels + single * longest(data) * longest(noise);
  return costs;
}

NoiseAssignment permuted(PointsIn data, PointsIn noise, const NoiseAssignmentOptions& options,
                         NoiseAssignmentMethod method) {
  NoiseAssignment result;
  result.method = method;
  result.is_permutation = true;
  IndexVector identity(data.cols());
  std::iota(identity.begin(), identity.end(), Index{0});
  result.before = mean_cost(data, noise, identity, options.threads);
  const Costs costs = method == NoiseAssignmentMethod::exact
                          ? Costs{negative_dots<double>(data, noise, options.threads)}
                          : quantised_costs(data, noise, options.threads);
  AssignmentResult found = assignment(costs.cost, {.threads = options.threads});
  static_cast<SolveReport&>(result) = found;
  result.noise_of = std::move(found.target_of);
  result.mean_cost = mean_cost(data, noise, result.noise_of, options.threads);
  if (!(result.mean_cost <= result.before)) {  // by rounding, where no permutation is much better
    result.noise_of = std::move(identity);
    result.mean_cost = result.before;
  }
  // A squared distance holds two inner products, and each of two permutations is off by a rounding.
  const double unit = method == NoiseAssignmentMethod::exact ? 2.0 : 0.0;
  result.cost_error = 4.0 * costs.rounding + unit * std::max(0.0, found.certificate.gap());
  return result;
}

NoiseAssignment nearest(PointsIn data, PointsIn noise, const NoiseAssignmentOptions& options) {
  NoiseAssignment result;
  result.method = NoiseAssignmentMethod::nearest;
  const Index n = data.cols(), k = options.candidates;
  result.noise_of.resize(n);
  IndexVector first(n);
  parallel_blocks(n, column_block, options.threads, [&](Index begin, Index end, Index) {
    for (Index i = begin; i < end; ++i) {
      Index best = 0;
      (noise.middleCols(i * k, k).colwise() - data.col(i)).colwise().squaredNorm().minCoeff(&best);
      result.noise_of[i] = i * k + best;
      first[i] = i * k;
    }
  });
  result.mean_cost = mean_cost(data, noise, result.noise_of, options.threads);
  result.before = mean_cost(data, noise, first, options.threads);
  result.is_permutation = k == 1;
  result.residual = 0.0;
  result.converged = true;
  result.termination = Termination::converged;
  result.threads = pushforward::detail::thread_count(options.threads);
  return result;
}

}  // namespace

void NoiseAssignmentOptions::validate() const { validate_fields("NoiseAssignmentOptions", *this); }

NoiseAssignment noise_assignment(PointsIn data, PointsIn noise,
                                 const NoiseAssignmentOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  options.validate();
  const Index n = data.cols();
  require(data.rows() >= 1, here, "data.rows()", data.rows(), "at least 1");
  require(n >= 1, here, "data.cols()", n, "at least 1");
  require(noise.rows() == data.rows(), here, "noise.rows()", noise.rows(), "the dimension of data");
  const bool by_nearest = options.method == NoiseAssignmentMethod::nearest;
  const Index wanted = by_nearest ? n * options.candidates : n;
  require(noise.cols() == wanted, here, "noise.cols()", noise.cols(), std::to_string(wanted));
  pushforward::detail::require_finite(data, here, "data");
  pushforward::detail::require_finite(noise, here, "noise");
  const NoiseAssignmentMethod method = options.method != NoiseAssignmentMethod::automatic
                                           ? options.method
                                       : n <= largest_exact ? NoiseAssignmentMethod::exact
                                                            : NoiseAssignmentMethod::quantised;
  NoiseAssignment result =
      by_nearest ? nearest(data, noise, options) : permuted(data, noise, options, method);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

struct FittedNoiseAssignment::Implementation {
  Vector centre;  // of the data: single precision is as good as clouds are centred
  detail::CellAssignment cells;
};

FittedNoiseAssignment::FittedNoiseAssignment(PointsIn data, VectorIn heights, int threads)
    : threads_(threads) {
  constexpr const char* where = "FittedNoiseAssignment";
  require(data.rows() >= 1, where, "data.rows()", data.rows(), "at least 1");
  require(data.cols() >= 1, where, "data.cols()", data.cols(), "at least 1");
  require(heights.size() == data.cols(), where, "heights.size()", heights.size(),
          std::to_string(data.cols()));
  require(threads >= 0, where, "threads", threads, "at least 0");
  pushforward::detail::require_finite(data, where, "data");
  pushforward::detail::require_finite(heights, where, "heights");
  const Vector centre = data.rowwise().mean();
  auto implementation = std::make_shared<Implementation>(
      Implementation{centre, detail::CellAssignment(data.colwise() - centre)});
  // <x, y> + h for y = centre + y': what <x, centre> adds is the same for all atoms.
  implementation->cells.set_heights(heights);
  implementation_ = std::move(implementation);
}

IndexVector FittedNoiseAssignment::datum_of(PointsIn noise) const {
  const auto& [centre, cells] = *implementation_;
  require(noise.rows() == cells.dim(), "FittedNoiseAssignment", "noise.rows()", noise.rows(),
          std::to_string(cells.dim()));
  pushforward::detail::require_finite(noise, "FittedNoiseAssignment", "noise");
  IndexVector datum(noise.cols());
  parallel_blocks(noise.cols(), cells.block(), threads_, [&](Index begin, Index end, Index) {
    const Matrix block = noise.middleCols(begin, end - begin);
    std::vector<std::int32_t> labels(static_cast<std::size_t>(end - begin));
    cells.best_exact(block.data(), end - begin, labels.data());
    for (Index i = begin; i < end; ++i) datum[i] = labels[static_cast<std::size_t>(i - begin)];
  });
  return datum;
}

}  // namespace pushforward::ot
