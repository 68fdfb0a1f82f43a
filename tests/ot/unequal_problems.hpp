/// What the tests of unbalanced and partial transport share: random problems, messages of refusals.
#pragma once

#include <stdexcept>
#include <string>

#include "pushforward/core/types.hpp"

#include "tests/support/splitmix.hpp"

namespace pushforward::testing {

struct UnequalProblem {
  Vector a, b;
  Matrix cost;
};

struct UnequalSizes {
  Index least = 2;        ///< Points of either side,
  Index largest = 9;      ///< both included.
  double lightest = 0.1;  ///< Masses lie within 1 of it.
};

/// Masses of sums that differ, costs in [0, 1).
inline UnequalProblem unequal_problem(std::uint64_t seed, const UnequalSizes& sizes = {}) {
  Splitmix draws(seed);
  const auto range = static_cast<double>(sizes.largest - sizes.least + 1);
  const Index n = sizes.least + static_cast<Index>(draws.uniform() * range);
  const Index m = sizes.least + static_cast<Index>(draws.uniform() * range);
  UnequalProblem problem{draws.uniform(n, 1), draws.uniform(m, 1), draws.uniform(n, m)};
  problem.a.array() += sizes.lightest;
  problem.b.array() += sizes.lightest;
  return problem;
}

/// The same with a mass of zero in every fourth.
inline UnequalProblem unequal_problem_with_zeros(std::uint64_t seed) {
  UnequalProblem problem = unequal_problem(seed);
  if (seed % 4 == 0) problem.b[1] = 0.0;
  return problem;
}

/// What a call refuses its arguments with; empty if it does not.
template <class Call>
std::string refusal(Call&& call) {
  try {
    call();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

inline bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

}  // namespace pushforward::testing
