#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "pushforward/core/errors.hpp"
#include "pushforward/ot/partial.hpp"

#include "ot/src/unequal_masses.hpp"

namespace pushforward::ot {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

// Shortest augmenting paths from sources with mass left to targets with room. Nodes are sources,
// then targets; distances are those of reduced costs C - least + p_i - p_j >= 0.
class Augmentation {
 public:
  Augmentation(VectorIn a, VectorIn b, Matrix cost)
      : cost_(std::move(cost)),
        n_(a.size()),
        size_(a.size() + b.size()),
        left_(size_),
        flow_(Matrix::Zero(a.size(), b.size())),
        potential_(Vector::Zero(size_)),
        distance_(size_),
        before_(static_cast<std::size_t>(size_)) {
    left_ << a, b;
    least_ = cost_.minCoeff();
  }

  // Moves mass along the cheapest path. @returns what it moved, and its price by `slope`.
  double next(double& slope) {
    search();
    Index end = -1;
    double shortest = infinite;
    for (Index v = n_; v < size_; ++v) {
      const double length = distance_[v] + potential_[v];
      if (left_[v] > 0.0 && length < shortest) {
        shortest = length;
        end = v;
      }
    }
    if (end < 0) return 0.0;
    for (Index v = 0; v < size_; ++v) {
      if (distance_[v] < infinite) potential_[v] += distance_[v];
    }
    slope = shortest + least_;
    // Forward arcs enter targets; an arc back into a source takes flow away.
    double moved = left_[end];
    Index start = end;
    while (before(start) >= 0) {
      if (start < n_) moved = std::min(moved, flow_(start, before(start) - n_));
      start = before(start);
    }
    moved = std::min(moved, left_[start]);
    left_[end] -= moved;
    left_[start] -= moved;
    for (Index v = end; before(v) >= 0; v = before(v)) {
      if (v < n_) {
        flow_(v, before(v) - n_) -= moved;
      } else {
        flow_(before(v), v - n_) += moved;
      }
    }
    return moved;
  }

 private:
  Index before(Index v) const { return before_[static_cast<std::size_t>(v)]; }

  void search() {
    std::vector<char> done(static_cast<std::size_t>(size_), 0);
    for (Index v = 0; v < size_; ++v) {
      distance_[v] = v < n_ && left_[v] > 0.0 ? 0.0 : infinite;
      before_[static_cast<std::size_t>(v)] = -1;
    }
    for (;;) {
      Index v = -1;
      for (Index w = 0; w < size_; ++w) {
        if (!done[static_cast<std::size_t>(w)] && distance_[w] < infinite &&
            (v < 0 || distance_[w] < distance_[v])) {
          v = w;
        }
      }
      if (v < 0) return;
      done[static_cast<std::size_t>(v)] = 1;
      const bool is_source = v < n_;
      for (Index w = is_source ? n_ : 0; w < (is_source ? size_ : n_); ++w) {
        double length = 0.0;  // back along an arc with flow, which is tight
        if (is_source) {
          // Rounding may make a tight arc a little negative.
          length = std::max(0.0, (cost_(v, w - n_) - least_) + potential_[v] - potential_[w]);
        } else if (flow_(w, v - n_) == 0.0) {
          continue;
        }
        if (distance_[v] + length < distance_[w] && !done[static_cast<std::size_t>(w)]) {
          distance_[w] = distance_[v] + length;
          before_[static_cast<std::size_t>(w)] = v;
        }
      }
    }
  }

  Matrix cost_;
  Index n_, size_;
  Vector left_;
  Matrix flow_;
  Vector potential_, distance_;
  std::vector<Index> before_;
  double least_ = 0.0;
};

}  // namespace

double PartialPath::cost_at(double k) const {
  const Index last = mass.size() - 1;
  require(k >= 0.0 && k <= mass[last], "PartialPath::cost_at", "k", k,
          "between 0 and " + pushforward::detail::shown(mass[last]));
  Index s = 0;
  while (s + 1 < last && mass[s + 1] < k) ++s;
  const double share = (k - mass[s]) / (mass[s + 1] - mass[s]);
  return cost[s] + share * (cost[s + 1] - cost[s]);
}

PartialPath partial_path(VectorIn a, VectorIn b, const CostView& cost) {
  constexpr const char* where = "partial_path";
  detail::checked_mass(a, cost.rows(), "a", where);
  detail::checked_mass(b, cost.cols(), "b", where);
  Matrix dense(cost.rows(), cost.cols());
  cost.tile(0, 0, dense);
  require(dense.cwiseAbs().maxCoeff() < infinite, where, "largest cost", infinite,
          "finite: no forbidden arcs");
  const double same = 1e-12 * dense.cwiseAbs().maxCoeff();
  Augmentation augmentation(a, b, std::move(dense));
  std::vector<double> masses{0.0}, costs{0.0};
  double slope = 0.0, last_slope = -infinite;
  while (const double moved = augmentation.next(slope)) {
    const double mass = masses.back() + moved, value = costs.back() + moved * slope;
    if (slope - last_slope <= same) {
      masses.back() = mass;
      costs.back() = value;
    } else {
      masses.push_back(mass);
      costs.push_back(value);
      last_slope = slope;
    }
  }
  const auto size = static_cast<Index>(masses.size());
  return {Eigen::Map<const Vector>(masses.data(), size),
          Eigen::Map<const Vector>(costs.data(), size)};
}

}  // namespace pushforward::ot
