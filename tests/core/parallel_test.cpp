#include "core/src/parallel.hpp"

#include <cmath>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

using namespace pushforward;

TEST_CASE("parallel: an ordered sum has the same bits for 1, 2, 3 and 8 threads") {
  const auto sum = [](int threads) {
    return detail::ordered_sum(100'003, 64, threads, [](Index begin, Index end) {
      double part = 0.0;
      for (Index i = begin; i < end; ++i) part += std::sin(static_cast<double>(i));
      return part;
    });
  };
  const double one = sum(1);
  for (int threads : {2, 3, 8}) CHECK(sum(threads) == one);
}

TEST_CASE("parallel: the exception of the lowest block is the one rethrown") {
  for (int threads : {1, 2, 8}) {
    CHECK_THROWS_WITH(detail::parallel_blocks(1000, 10, threads,
                                              [](Index, Index, Index b) {
                                                if (b >= 17) {
                                                  throw std::runtime_error(std::to_string(b));
                                                }
                                              }),
                      "17");
  }
}
