#include "ot/src/soft_transform_kernels.hpp"

#include <type_traits>

#include "core/src/simd.hpp"

namespace pushforward::ot::detail::PUSHFORWARD_ISA {
namespace {

using simd::lanes;
using simd::load;
using simd::set;
using simd::Vec;
using V = Vec<float>;

constexpr int L = lanes<float>;
constexpr int R = 4;  // rows that share a load of y

// Calls each(r, scores) for every row r of a group and every vector of columns. D is the number of
// coordinates if known, else 0.
template <int D, class Each>
[[gnu::always_inline]] inline void scan(const SoftBlock& b, const float* const (&x)[R],
                                        const V (&start)[R], Each each) {
  const std::int64_t d = D > 0 ? D : b.d;
  for (std::int64_t j = 0; j < b.padded; j += L) {
    const V u = load(b.u + j);
    V t[R];
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) t[r] = u + start[r];
    const float* y = b.y + j;
    for (std::int64_t k = 0; k < d; ++k, y += b.stride) {
      const V column = load(y);
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) t[r] = simd::fma(set(x[r][k]), column, t[r]);
    }
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) each(r, t[r]);
  }
}

template <class Run>
[[gnu::always_inline]] inline void by_dimension(std::int64_t d, Run run) {
  switch (d) {
    case 1:
      return run(std::integral_constant<int, 1>{});
    case 2:
      return run(std::integral_constant<int, 2>{});
    case 3:
      return run(std::integral_constant<int, 3>{});
    default:
      return run(std::integral_constant<int, 0>{});
  }
}

// A group past the end repeats the last row.
struct Group {
  const float* x[R];
  std::int64_t at[R];
};

Group group_of(const SoftBlock& b, std::int64_t first) {
  Group group;
  for (int r = 0; r < R; ++r) {
    group.at[r] = first + r < b.rows ? first + r : b.rows - 1;
    group.x[r] = b.x + group.at[r] * b.d;
  }
  return group;
}

void sums(const SoftBlock& b, const float* offset, float* sum) {
  by_dimension(b.d, [&](auto dimension) {
    for (std::int64_t i = 0; i < b.rows; i += R) {
      const Group group = group_of(b, i);
      V start[R], total[R];
      for (int r = 0; r < R; ++r) {
        start[r] = set(offset[group.at[r]]);
        total[r] = set(0.0F);
      }
      scan<dimension.value>(b, group.x, start,
                            [&total](int r, V score) { total[r] = total[r] + simd::exp2(score); });
      for (int r = 0; r < R; ++r) sum[group.at[r]] = simd::sum(total[r]);
    }
  });
}

void largest(const SoftBlock& b, float* result) {
  by_dimension(b.d, [&](auto dimension) {
    for (std::int64_t i = 0; i < b.rows; i += R) {
      const Group group = group_of(b, i);
      V start[R], high[R];
      for (int r = 0; r < R; ++r) {
        start[r] = set(0.0F);
        high[r] = set(-__builtin_inff());
      }
      scan<dimension.value>(b, group.x, start,
                            [&high](int r, V score) { high[r] = simd::max(high[r], score); });
      for (int r = 0; r < R; ++r) {
        float best = high[r][0];
        for (int l = 1; l < L; ++l) best = high[r][l] > best ? high[r][l] : best;
        result[group.at[r]] = best;
      }
    }
  });
}

}  // namespace

const SoftTransformKernels& soft_transform_kernels() {
  static constexpr SoftTransformKernels kernels{sums, largest};
  return kernels;
}

}  // namespace pushforward::ot::detail::PUSHFORWARD_ISA
