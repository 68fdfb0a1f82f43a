// What a stranger's first program may look like: one header of ours, one draw, one answer that is
// known beforehand.
#include <cstdio>

#include "pushforward/core/rng.hpp"

int main() {
  const pushforward::Index n = 100'000;
  pushforward::Matrix x(2, n);
  pushforward::fill_normal({.seed = 1}, x);
  const double second_moment = x.squaredNorm() / static_cast<double>(x.size());
  std::printf("second moment of the standard normal: %.4f\n", second_moment);
  // 2e5 squares of variance 2: five standard errors are 5 sqrt(2 / 2e5) = 0.0158.
  return second_moment > 1.0 - 0.0158 && second_moment < 1.0 + 0.0158 ? 0 : 1;
}
