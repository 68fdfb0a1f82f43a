#include "pushforward/ot/semidiscrete_map.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "core/src/parallel.hpp"
#include "ot/src/cell_assignment.hpp"
#include "ot/src/one_thread.hpp"

namespace pushforward::ot {
namespace {

// What the queries of one block saw, summed.
struct Tally {
  double singular = 0.0, kept = 0.0, squared_displacement = 0.0;
  Tally& operator+=(const Tally& other) {
    singular += other.singular;
    kept += other.kept;
    squared_displacement += other.squared_displacement;
    return *this;
  }
};

std::vector<Index> reached_atoms(const DiscreteMeasure& target) {
  std::vector<Index> atoms;
  for (Index j = 0; j < target.size(); ++j) {
    if (target.weights()[j] > 0.0) atoms.push_back(j);
  }
  return atoms;
}

}  // namespace

void SemidiscreteMapOptions::validate() const { validate_fields("SemidiscreteMapOptions", *this); }

struct SemidiscreteMap::Implementation {
  SemidiscreteMapOptions options;
  std::vector<Index> atoms;  // the target's index of each packed atom
  Matrix points;             // d x n, as given
  Vector mean;               // d: the clouds' frame, so that scores keep their digits
  Matrix normals;            // (d + 1) x n, unit: of the planes of standardised atoms
  detail::CellAssignment assignment;
  Index neighbours;
  double max_angle = 0.0;
  Matrix centres;  // d x N of the target

  Implementation(const DiscreteMeasure& target, VectorIn heights,
                 const SemidiscreteMapOptions& map_options)
      : options(map_options),
        atoms(reached_atoms(target)),
        points(gathered(target.points(), atoms)),
        mean(points.rowwise().mean()),
        assignment(points.colwise() - mean) {
    const Index n = points.cols(), d = points.rows();
    Vector packed(n);
    for (Index j = 0; j < n; ++j) packed[j] = heights[atoms[static_cast<std::size_t>(j)]];
    assignment.set_heights(packed);
    const Matrix centred = points.colwise() - mean;
    const double spread = centred.colwise().norm().mean();
    normals.resize(d + 1, n);
    normals.topRows(d) = spread > 0.0 ? Matrix(centred / spread) : centred;
    normals.row(d).setConstant(-1.0);
    normals.colwise().normalize();
    const Index wanted = options.neighbours > 0 ? options.neighbours : std::min<Index>(d + 1, 16);
    neighbours = std::min(wanted, n);
  }

  static Matrix gathered(const Matrix& all, const std::vector<Index>& chosen) {
    Matrix some(all.rows(), static_cast<Index>(chosen.size()));
    for (Index j = 0; j < some.cols(); ++j) {
      some.col(j) = all.col(chosen[static_cast<std::size_t>(j)]);
    }
    return some;
  }

  // acos loses half its digits near 1; the tangent of half the angle does not.
  double angle(Index i, Index j) const {
    return 2.0 * std::atan2((normals.col(i) - normals.col(j)).norm(),
                            (normals.col(i) + normals.col(j)).norm());
  }

  // Scores of <x, y - mean> + h rank as those of <x, y> + h do: they differ by <x, mean>.
  template <class Body>
  void for_each_block(PointsIn x, Body&& body) const {
    pushforward::detail::parallel_blocks(x.cols(), assignment.block(), options.threads, body);
  }

  std::vector<std::int32_t> best_cells(PointsIn x, Index begin, Index count) const {
    const Matrix block = x.middleCols(begin, count);
    std::vector<std::int32_t> labels(static_cast<std::size_t>(count));
    assignment.best_exact(block.data(), count, labels.data());
    return labels;
  }

  std::vector<std::int32_t> highest_planes(PointsIn x, Index begin, Index count) const {
    const Matrix block = x.middleCols(begin, count);
    std::vector<double> values(static_cast<std::size_t>(count * neighbours));
    std::vector<std::int32_t> labels(values.size());
    assignment.best(block.data(), count, neighbours, values.data(), labels.data());
    return labels;
  }

  void fit(const Sampler& source) {
    const Index n = points.cols(), d = points.rows();
    const Index draws = options.fit_draws_per_atom * n;
    const Index chunk = 64 * assignment.block();
    Matrix sums = Matrix::Zero(d, n);
    Vector counts = Vector::Zero(n);
    std::vector<double> angles;
    const RngKey key{.seed = options.seed, .purpose = Draw::source};
    for (Index start = 0; start < draws; start += chunk) {
      const Index size = std::min(chunk, draws - start);
      const detail::OneThread scope;
      const Matrix x = source.draws(key.at_chain(static_cast<std::uint32_t>(start)), size);
      std::vector<std::int32_t> labels(static_cast<std::size_t>(size));
      for_each_block(x, [&](Index begin, Index end, Index) {
        const auto part = best_cells(x, begin, end - begin);
        std::copy(part.begin(), part.end(), labels.begin() + begin);
      });
      for (Index i = 0; i < size; ++i) {
        const Index j = labels[static_cast<std::size_t>(i)];
        sums.col(j) += x.col(i);
        counts[j] += 1.0;
      }
      // The first draws are enough for a quantile.
      if (start > 0 || options.angle_quantile == 0.0) continue;
      const Index count = std::min<Index>(size, 4096);
      const auto planes = highest_planes(x, 0, count);
      for (Index i = 0; i < count; ++i) {
        for (Index s = 1; s < neighbours; ++s) {
          angles.push_back(angle(planes[static_cast<std::size_t>(i * neighbours)],
                                 planes[static_cast<std::size_t>(i * neighbours + s)]));
        }
      }
    }
    centres = Matrix::Constant(d, static_cast<Index>(all_atoms), not_known);
    for (Index j = 0; j < n; ++j) {
      if (counts[j] > 0.0)
        centres.col(atoms[static_cast<std::size_t>(j)]) = sums.col(j) / counts[j];
    }
    max_angle = options.max_angle;
    if (!angles.empty()) {
      const auto rank = static_cast<std::ptrdiff_t>(options.angle_quantile *
                                                    static_cast<double>(angles.size() - 1));
      std::nth_element(angles.begin(), angles.begin() + rank, angles.end());
      max_angle = angles[static_cast<std::size_t>(rank)];
    }
  }

  std::size_t all_atoms = 0;  // N of the target, atoms of weight zero counted

  // T~ at one point; `planes` are the highest there, best first.
  void extend_one(const Vector& x, const std::int32_t* planes, Eigen::Ref<Vector> y,
                  Tally& tally) const {
    const Index top = planes[0];
    const auto centre = [&](Index j) { return centres.col(atoms[static_cast<std::size_t>(j)]); };
    y = points.col(top);
    tally.kept += 1.0;
    double total = 0.0, farthest = 0.0, extra = 0.0;
    bool rejected = false;
    Vector mixed = Vector::Zero(x.size());
    for (Index s = 0; s < neighbours; ++s) {
      const Index j = planes[s];
      if (s > 0 && angle(top, j) > max_angle) {
        rejected = true;
        continue;
      }
      const double distance = (x - centre(j)).norm();
      if (std::isnan(distance)) {  // a cell without a known centre
        if (s == 0) total = not_known;
        continue;
      }
      if (distance == 0.0) {  // the limit of the weights
        if (std::isinf(total)) continue;
        total = std::numeric_limits<double>::infinity();
        mixed = points.col(j);
        farthest = (points.col(j) - points.col(top)).norm();
        continue;
      }
      if (std::isinf(total)) continue;
      total += 1.0 / distance;
      mixed += points.col(j) / distance;
      extra += s > 0 ? 1.0 : 0.0;
      farthest = std::max(farthest, (points.col(j) - points.col(top)).norm());
    }
    tally.singular += rejected ? 1.0 : 0.0;
    if (std::isnan(total) || (extra == 0.0 && !std::isinf(total))) return;
    if (std::isinf(total)) {
      y = mixed;
    } else {
      y = mixed / total;
      tally.kept += extra;
    }
    tally.squared_displacement += farthest * farthest;
  }
};

SemidiscreteMap::SemidiscreteMap(const SemidiscreteProblem& problem, VectorIn heights,
                                 const SemidiscreteMapOptions& options) {
  options.validate();
  require(problem.source != nullptr, "SemidiscreteMap", "source", std::string_view("null"),
          "a sampler");
  require(problem.source->dim() == problem.target.dim(), "SemidiscreteMap", "source.dim()",
          problem.source->dim(), "the dimension of the target's atoms");
  require(heights.size() == problem.target.size(), "SemidiscreteMap", "heights.size()",
          heights.size(), "one per atom");
  require(heights.allFinite(), "SemidiscreteMap", "heights", std::string_view("not finite"),
          "finite numbers");
  implementation_ = std::make_unique<Implementation>(problem.target, heights, options);
  implementation_->all_atoms = static_cast<std::size_t>(problem.target.size());
  implementation_->fit(*problem.source);
}

SemidiscreteMap::~SemidiscreteMap() = default;
SemidiscreteMap::SemidiscreteMap(SemidiscreteMap&&) noexcept = default;
SemidiscreteMap& SemidiscreteMap::operator=(SemidiscreteMap&&) noexcept = default;

Index SemidiscreteMap::dim() const { return implementation_->points.rows(); }
double SemidiscreteMap::max_angle() const { return implementation_->max_angle; }
const Matrix& SemidiscreteMap::centres() const { return implementation_->centres; }

IndexVector SemidiscreteMap::cells(PointsIn x) const {
  const Implementation& self = *implementation_;
  require(x.rows() == dim(), "SemidiscreteMap", "x.rows()", x.rows(), "the map's dimension");
  require(x.allFinite(), "SemidiscreteMap", "x", std::string_view("not finite"), "finite numbers");
  IndexVector found(x.cols());
  self.for_each_block(x, [&](Index begin, Index end, Index) {
    const auto labels = self.best_cells(x, begin, end - begin);
    for (Index i = begin; i < end; ++i) {
      found[i] = self.atoms[static_cast<std::size_t>(labels[static_cast<std::size_t>(i - begin)])];
    }
  });
  return found;
}

void SemidiscreteMap::nearest(PointsIn x, PointsOut y) const {
  require(y.rows() == x.rows() && y.cols() == x.cols(), "SemidiscreteMap", "y.cols()", y.cols(),
          "the shape of x");
  const IndexVector found = cells(x);
  for (Index i = 0; i < x.cols(); ++i) {
    const auto& atoms = implementation_->atoms;
    const auto packed = std::lower_bound(atoms.begin(), atoms.end(), found[i]) - atoms.begin();
    y.col(i) = implementation_->points.col(packed);
  }
}

ExtensionReport SemidiscreteMap::extend(PointsIn x, PointsOut y) const {
  const Implementation& self = *implementation_;
  require(x.rows() == dim(), "SemidiscreteMap", "x.rows()", x.rows(), "the map's dimension");
  require(y.rows() == x.rows() && y.cols() == x.cols(), "SemidiscreteMap", "y.cols()", y.cols(),
          "the shape of x");
  require(x.allFinite(), "SemidiscreteMap", "x", std::string_view("not finite"), "finite numbers");
  const Tally tally = pushforward::detail::ordered_sum<Tally>(
      x.cols(), self.assignment.block(), self.options.threads, [&](Index begin, Index end) {
        const auto planes = self.highest_planes(x, begin, end - begin);
        Tally part;
        Vector value(x.rows());
        for (Index i = begin; i < end; ++i) {
          self.extend_one(x.col(i), planes.data() + (i - begin) * self.neighbours, value, part);
          y.col(i) = value;
        }
        return part;
      });
  const double n = std::max<double>(1.0, static_cast<double>(x.cols()));
  return {tally.singular / n, tally.kept / n, std::sqrt(tally.squared_displacement / n)};
}

}  // namespace pushforward::ot
