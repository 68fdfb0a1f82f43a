#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "pushforward/core/errors.hpp"
#include "pushforward/ot/entropic_map.hpp"

#include "core/src/parallel.hpp"
#include "ot/src/cell_assignment.hpp"

namespace pushforward::ot {
namespace {

constexpr const char* here = "NearestNeighbourMap";

}  // namespace

NearestNeighbourMap::NearestNeighbourMap(PointsIn samples, PointsIn images, int threads)
    : samples_(samples), images_(images), threads_(threads) {
  require(samples.rows() >= 1, here, "samples.rows()", samples.rows(), "at least 1");
  require(samples.cols() >= 1, here, "samples.cols()", samples.cols(), "at least 1");
  require(images.cols() == samples.cols(), here, "images.cols()", images.cols(),
          "one for each sample");
  require(threads >= 0, here, "threads", threads, "at least 0");
  pushforward::detail::require_finite(samples, here, "samples");
  pushforward::detail::require_finite(images, here, "images");
  centre_ = samples_.rowwise().mean();
  samples_.colwise() -= centre_;
}

IndexVector NearestNeighbourMap::nearest(PointsIn x) const {
  require(x.rows() == samples_.rows(), here, "x.rows()", x.rows(), std::to_string(samples_.rows()));
  pushforward::detail::require_finite(x, here, "x");
  // The least |x - s|^2 is the largest <x, s> - |s|^2 / 2.
  detail::CellAssignment cells(samples_);
  cells.set_heights(-0.5 * samples_.colwise().squaredNorm().transpose());
  IndexVector nearest(x.cols());
  pushforward::detail::parallel_blocks(
      x.cols(), cells.block(), threads_, [&](Index begin, Index end, Index) {
        const Matrix block = x.middleCols(begin, end - begin).colwise() - centre_;
        std::vector<std::int32_t> labels(static_cast<std::size_t>(end - begin));
        cells.best_exact(block.data(), end - begin, labels.data());
        for (Index i = begin; i < end; ++i) {
          nearest[i] = labels[static_cast<std::size_t>(i - begin)];
        }
      });
  return nearest;
}

Matrix NearestNeighbourMap::operator()(PointsIn x) const {
  const IndexVector sample = nearest(x);
  Matrix out(images_.rows(), x.cols());
  for (Index i = 0; i < x.cols(); ++i) out.col(i) = images_.col(sample[i]);
  return out;
}

NearestNeighbourMapResult nearest_neighbour_map(const DiscreteMeasure& source,
                                                const DiscreteMeasure& target,
                                                const NetworkSimplexOptions& options) {
  options.validate();
  require(target.dim() == source.dim(), "nearest_neighbour_map", "target.dim()", target.dim(),
          "the dimension of the source, " + std::to_string(source.dim()));
  const DiscreteMeasure to = merged_duplicates(target);
  NetworkSimplexResult exact =
      network_simplex({source, to, Cost::half_squared_euclidean()}, options);
  const auto images = exact.coupling.barycentric_map(source.points(), to.points());
  std::vector<Index> kept;
  for (Index i = 0; i < source.size(); ++i) {
    if (images.has_mass[static_cast<std::size_t>(i)]) kept.push_back(i);
  }
  NearestNeighbourMap map(source.points()(Eigen::all, kept), images.points(Eigen::all, kept),
                          options.threads);
  return {exact, std::move(map), std::move(exact)};
}

}  // namespace pushforward::ot
