#include "ot/src/assignment_kernels.hpp"

#include "core/src/simd.hpp"

namespace pushforward::ot::detail::PUSHFORWARD_ISA {
namespace {

using simd::lanes;
using simd::load;
using simd::select;
using simd::set;
using simd::store;
using simd::Vec;

constexpr int L = lanes<double>;

// No multiplication occurs, so every instruction set gives the same bits.
LeastEntry relax(const double* cost, const double* offset, double shift, double label, double* key,
                 double* from, std::int64_t n) {
  Vec<double> least = set(__builtin_inf());
  Vec<double> place = set(0.0);
  Vec<double> here = simd::iota<double>();
  std::int64_t i = 0;
  for (; i + L <= n; i += L, here = here + set(double(L))) {
    const Vec<double> t = (load(cost + i) + load(offset + i)) - set(shift);
    const Vec<double> old = load(key + i);
    const Vec<double> now = select(t < old, t, old);
    store(key + i, now);
    store(from + i, select(t < old, set(label), load(from + i)));
    place = select(now < least, here, place);
    least = select(now < least, now, least);
  }
  LeastEntry best{__builtin_inf(), 0};
  for (int l = 0; l < L; ++l) {
    const auto at = static_cast<std::int64_t>(place[l]);
    if (least[l] < best.value || (least[l] == best.value && at < best.place)) {
      best = {least[l], at};
    }
  }
  for (; i < n; ++i) {
    const double t = (cost[i] + offset[i]) - shift;
    if (t < key[i]) {
      key[i] = t;
      from[i] = label;
    }
    if (key[i] < best.value) best = {key[i], i};
  }
  return best;
}

TwoLeast two_least(const double* cost, const double* price, std::int64_t n) {
  Vec<double> least = set(__builtin_inf());
  Vec<double> second = least;
  Vec<double> place = set(0.0);
  Vec<double> here = simd::iota<double>();
  std::int64_t i = 0;
  for (; i + L <= n; i += L, here = here + set(double(L))) {
    const Vec<double> t = load(cost + i) - load(price + i);
    const Vec<double> larger = select(t < least, least, t);
    second = select(larger < second, larger, second);
    place = select(t < least, here, place);
    least = select(t < least, t, least);
  }
  TwoLeast best{__builtin_inf(), __builtin_inf(), 0};
  const auto take = [&best](double value, std::int64_t at) {
    if (value < best.least || (value == best.least && at < best.place)) {
      best.second = best.least;
      best.least = value;
      best.place = at;
    } else if (value < best.second) {
      best.second = value;
    }
  };
  for (int l = 0; l < L; ++l) take(least[l], static_cast<std::int64_t>(place[l]));
  for (int l = 0; l < L; ++l) {
    if (second[l] < best.second) best.second = second[l];
  }
  for (; i < n; ++i) take(cost[i] - price[i], i);
  return best;
}

}  // namespace

const AssignmentKernels& assignment_kernels() {
  static constexpr AssignmentKernels kernels{relax, two_least};
  return kernels;
}

}  // namespace pushforward::ot::detail::PUSHFORWARD_ISA
