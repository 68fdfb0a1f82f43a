#include "pushforward/ot/solve_batch.hpp"

#include "pushforward/core/errors.hpp"

#include "core/src/parallel.hpp"

namespace pushforward::ot {

namespace detail {

void for_each_problem(Index count, int threads, const std::function<void(Index)>& body) {
  require(threads >= 0, "solve_batch", "threads", threads, "at least 0");
  pushforward::detail::parallel_blocks(count, 1, threads,
                                       [&](Index begin, Index, Index) { body(begin); });
}

}  // namespace detail

std::vector<BatchEntry<SinkhornResult>> sinkhorn_batch(
    const std::vector<TransportProblem>& problems, const SinkhornOptions& options) {
  options.validate();
  SinkhornOptions single = options;
  single.threads = 1;
  return solve_batch(
      problems, [&](const TransportProblem& problem) { return sinkhorn(problem, single); },
      options.threads);
}

}  // namespace pushforward::ot
