/// Uniform numbers that tests/reference/*.py draw too, bit for bit.
#pragma once

#include <cstdint>

#include "pushforward/core/types.hpp"

namespace pushforward::testing {

class Splitmix {
 public:
  explicit Splitmix(std::uint64_t seed) : state_(seed) {}

  /// In [0, 1).
  double uniform() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
  }

  /// Filled column by column.
  Matrix uniform(Index rows, Index cols) {
    Matrix x(rows, cols);
    for (Index k = 0; k < x.size(); ++k) x.data()[k] = uniform();
    return x;
  }

 private:
  std::uint64_t state_;
};

}  // namespace pushforward::testing
