/// Loops over fixed blocks: block borders depend on the problem alone, so results carry the same
/// bits for any number of threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <exception>
#include <vector>

#include "pushforward/core/types.hpp"

#ifdef _OPENMP
#include <omp.h>
#endif

namespace pushforward::detail {

/// The number of threads that a request (0: the OpenMP default) comes to.
inline int thread_count(int requested) {
#ifdef _OPENMP
  return requested > 0 ? requested : std::max(1, omp_get_max_threads());
#else
  (void)requested;
  return 1;
#endif
}

inline Index block_count(Index n, Index block) { return (n + block - 1) / block; }

/// Calls body(begin, end, b) for each block b of [0, n). An exception of the lowest block that
/// threw is rethrown after the loop; blocks behind it may be skipped.
template <class Body>
void parallel_blocks(Index n, Index block, int threads, Body&& body) {
  const Index blocks = block_count(n, block);
  if (blocks == 0) return;
  const int team = static_cast<int>(std::min<Index>(thread_count(threads), blocks));
  if (team == 1) {
    for (Index b = 0; b < blocks; ++b) body(b * block, std::min(n, (b + 1) * block), b);
    return;
  }
#ifdef _OPENMP
  std::vector<std::exception_ptr> errors(static_cast<std::size_t>(blocks));
  std::atomic<Index> first_error{blocks};
#pragma omp parallel for schedule(dynamic, 1) num_threads(team)
  for (Index b = 0; b < blocks; ++b) {
    if (b > first_error.load(std::memory_order_relaxed)) continue;
    try {
      body(b * block, std::min(n, (b + 1) * block), b);
    } catch (...) {
      errors[static_cast<std::size_t>(b)] = std::current_exception();
      Index seen = first_error.load();
      while (b < seen && !first_error.compare_exchange_weak(seen, b)) {
      }
    }
  }
  if (first_error.load() < blocks) {
    std::rethrow_exception(errors[static_cast<std::size_t>(first_error.load())]);
  }
#endif
}

/// The sum over blocks of body(begin, end), added in block order.
template <class T = double, class Body>
T ordered_sum(Index n, Index block, int threads, Body&& body, T zero = T{}) {
  std::vector<T> parts(static_cast<std::size_t>(block_count(n, block)), zero);
  parallel_blocks(n, block, threads, [&](Index begin, Index end, Index b) {
    parts[static_cast<std::size_t>(b)] = body(begin, end);
  });
  T total = zero;
  for (const T& part : parts) total += part;
  return total;
}

}  // namespace pushforward::detail
