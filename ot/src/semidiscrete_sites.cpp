#include "ot/src/semidiscrete_sites.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "ot/src/cell_order.hpp"

namespace pushforward::ot::detail {
namespace {

// Groups a range of atoms by gaps in one coordinate after another, until no coordinate of a group
// has a gap: distinct atoms part after one sort.
class Grouping {
 public:
  Grouping(const Matrix& points, double gap) : points_(points), gap_(gap) {}

  std::vector<std::vector<Index>> groups(std::vector<Index> atoms) {
    split(std::move(atoms), 0, 0);
    return std::move(groups_);
  }

 private:
  void split(std::vector<Index> atoms, Index coordinate, Index without_gap) {
    if (atoms.size() == 1 || without_gap == points_.rows()) {
      groups_.push_back(std::move(atoms));
      return;
    }
    std::sort(atoms.begin(), atoms.end(), [&](Index p, Index q) {
      const double x = points_(coordinate, p), y = points_(coordinate, q);
      return x != y ? x < y : p < q;
    });
    const Index next = (coordinate + 1) % points_.rows();
    std::size_t begin = 0;
    for (std::size_t k = 1; k <= atoms.size(); ++k) {
      if (k < atoms.size() &&
          points_(coordinate, atoms[k]) - points_(coordinate, atoms[k - 1]) <= gap_) {
        continue;
      }
      const bool is_whole = begin == 0 && k == atoms.size();
      split({atoms.begin() + static_cast<std::ptrdiff_t>(begin),
             atoms.begin() + static_cast<std::ptrdiff_t>(k)},
            next, is_whole ? without_gap + 1 : 0);
      begin = k;
    }
  }

  const Matrix& points_;
  double gap_;
  std::vector<std::vector<Index>> groups_;
};

}  // namespace

MergedSites merged_sites(const DiscreteMeasure& target) {
  constexpr double relative_gap = 1e-12;
  std::vector<Index> atoms;
  for (Index j = 0; j < target.size(); ++j) {
    if (target.weights()[j] > 0.0) atoms.push_back(j);
  }
  const Matrix& points = target.points();
  const double diameter = (points.rowwise().maxCoeff() - points.rowwise().minCoeff()).norm();
  auto groups = Grouping(points, relative_gap * diameter).groups(std::move(atoms));
  const auto count = static_cast<Index>(groups.size());
  Matrix firsts(points.rows(), count);
  for (Index k = 0; k < count; ++k) {
    auto& group = groups[static_cast<std::size_t>(k)];
    firsts.col(k) = points.col(*std::min_element(group.begin(), group.end()));
  }
  const std::vector<Index> order = cell_order(firsts);

  MergedSites sites{Matrix(points.rows(), count), Vector::Zero(count),
                    IndexVector::Constant(target.size(), -1), 0};
  for (Index k = 0; k < count; ++k) {
    const Index from = order[static_cast<std::size_t>(k)];
    sites.points.col(k) = firsts.col(from);
    for (const Index j : groups[static_cast<std::size_t>(from)]) {
      sites.masses[k] += target.weights()[j];
      sites.owner[j] = k;
    }
    sites.merged += static_cast<Index>(groups[static_cast<std::size_t>(from)].size()) - 1;
  }
  return sites;
}

}  // namespace pushforward::ot::detail
