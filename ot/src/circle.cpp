#include "pushforward/ot/circle.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "pushforward/core/errors.hpp"

namespace pushforward::ot {
namespace {

struct Atom {
  double place;  // in [0, 1)
  double mass;
};

std::vector<Atom> sorted_atoms(const DiscreteMeasure& measure, const char* where,
                               const char* argument) {
  require(measure.dim() == 1, where, argument, measure.dim(), "a measure of dimension 1");
  std::vector<Atom> atoms;
  for (Index i = 0; i < measure.size(); ++i) {
    if (measure.weights()[i] == 0.0) continue;
    const double x = measure.points()(0, i);
    const double place = x - std::floor(x);
    atoms.push_back({place < 1.0 ? place : 0.0, measure.weights()[i]});
  }
  std::sort(atoms.begin(), atoms.end(),
            [](const Atom& a, const Atom& b) { return a.place < b.place; });
  return atoms;
}

double power(double distance, double p) {
  const double x = std::abs(distance);
  return p == 1.0 ? x : p == 2.0 ? x * x : std::pow(x, p);
}

// The integral as a function of the shift.
class ShiftedCost {
 public:
  ShiftedCost(std::vector<Atom> source, std::vector<Atom> target, double p)
      : source_(std::move(source)), target_(std::move(target)), p_(p) {
    double sum = 0.0;
    for (const Atom& atom : source_) ends_.push_back(sum += atom.mass);
    for (double& end : ends_) end /= sum;
    sum = 0.0;
    for (const Atom& atom : target_) target_ends_.push_back(sum += atom.mass);
    for (double& end : target_ends_) end /= sum;
  }

  // The quantile of the target passes from one atom to the next at t = end_j - theta.
  double operator()(double theta) const {
    const auto m = static_cast<Index>(target_.size());
    // The first interval that reaches into t > 0.
    Index j = static_cast<Index>(std::floor(theta)) * m - 1;
    do {
      ++j;
    } while (end(j) - theta <= 0.0);
    double sum = 0.0;
    std::size_t i = 0;
    for (double t = 0.0; i < source_.size();) {
      const double jump = end(j) - theta;
      const double next = std::min(ends_[i], jump);
      if (next > t) sum += (next - t) * cost(i, j);
      t = std::max(t, next);
      if (jump < ends_[i]) {
        ++j;
      } else {
        ++i;
      }
    }
    return sum;
  }

 private:
  // Atom j of the target unrolled along the line: m atoms a turn.
  double turn(Index j, Index& within) const {
    const auto m = static_cast<Index>(target_.size());
    within = ((j % m) + m) % m;
    return static_cast<double>((j - within) / m);
  }
  double end(Index j) const {
    Index within;
    const double turns = turn(j, within);
    return target_ends_[static_cast<std::size_t>(within)] + turns;
  }
  double cost(std::size_t i, Index j) const {
    Index within;
    const double turns = turn(j, within);
    const double y = target_[static_cast<std::size_t>(within)].place + turns;
    return power(source_[i].place - y, p_);
  }

  std::vector<Atom> source_, target_;
  double p_;
  std::vector<double> ends_, target_ends_;
};

}  // namespace

double circular_wasserstein_1(const DiscreteMeasure& source, const DiscreteMeasure& target) {
  constexpr const char* here = "circular_wasserstein_1";
  std::vector<Atom> jumps = sorted_atoms(source, here, "source.dim()");
  for (const Atom& atom : sorted_atoms(target, here, "target.dim()")) {
    jumps.push_back({atom.place, -atom.mass});
  }
  std::sort(jumps.begin(), jumps.end(),
            [](const Atom& a, const Atom& b) { return a.place < b.place; });
  // F - G between one jump and the next, the last gap across 1.
  struct Gap {
    double difference, length;
  };
  std::vector<Gap> gaps;
  double difference = 0.0;
  for (std::size_t k = 0; k < jumps.size(); ++k) {
    difference += jumps[k].mass;
    const double next = k + 1 < jumps.size() ? jumps[k + 1].place : jumps[0].place + 1.0;
    gaps.push_back({difference, next - jumps[k].place});
  }
  std::sort(gaps.begin(), gaps.end(),
            [](const Gap& a, const Gap& b) { return a.difference < b.difference; });
  double median = gaps.back().difference;
  double below = 0.0;
  for (const Gap& gap : gaps) {
    below += gap.length;
    if (below < 0.5) continue;
    median = gap.difference;
    break;
  }
  double sum = 0.0;
  for (const Gap& gap : gaps) sum += gap.length * std::abs(gap.difference - median);
  return sum;
}

double circular_wasserstein_power(const DiscreteMeasure& source, const DiscreteMeasure& target,
                                  double p) {
  constexpr const char* here = "circular_wasserstein_power";
  require(p >= 1.0 && std::isfinite(p), here, "p", p, "a finite number of at least 1");
  const ShiftedCost cost(sorted_atoms(source, here, "source.dim()"),
                         sorted_atoms(target, here, "target.dim()"), p);
  // Golden sections: the third point of each bracket is kept.
  constexpr double ratio = 0.6180339887498949;
  double low = -1.0;
  double high = 1.0;
  double left = high - ratio * (high - low);
  double right = low + ratio * (high - low);
  double at_left = cost(left);
  double at_right = cost(right);
  double best = std::min({cost(low), cost(high), at_left, at_right});
  while (high - low > 0x1p-50) {
    if (at_left <= at_right) {
      high = right;
      right = left;
      at_right = at_left;
      left = high - ratio * (high - low);
      at_left = cost(left);
      best = std::min(best, at_left);
    } else {
      low = left;
      left = right;
      at_left = at_right;
      right = low + ratio * (high - low);
      at_right = cost(right);
      best = std::min(best, at_right);
    }
  }
  return best;
}

}  // namespace pushforward::ot
