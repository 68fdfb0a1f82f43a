/// Many independent problems at once, each with its own outcome.
#pragma once

#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "pushforward/core/types.hpp"
#include "pushforward/ot/sinkhorn.hpp"

namespace pushforward::ot {

namespace detail {
/// Calls body(0), ..., body(count - 1), each once, on at most `threads` threads; 0 takes the OpenMP
/// default. @throws std::invalid_argument for negative threads.
void for_each_problem(Index count, int threads, const std::function<void(Index)>& body);
}  // namespace detail

/// A result, or why there is none.
template <class Result>
struct BatchEntry {
  std::optional<Result> result;
  std::string error;  ///< What the exception said; empty where there is a result.

  bool ok() const { return result.has_value(); }
};

/// Entry k is solve(problems[k]): the same bits as from a loop, for any number of threads. An
/// exception of one problem becomes its entry's error, and the others go on.
/// @param solve  called from several threads at once; it should use one thread itself.
/// @param threads  0 takes the OpenMP default.
template <class Problem, class Solve>
auto solve_batch(const std::vector<Problem>& problems, Solve&& solve, int threads = 0) {
  using Result = std::remove_cvref_t<std::invoke_result_t<Solve&, const Problem&>>;
  std::vector<BatchEntry<Result>> entries(problems.size());
  detail::for_each_problem(static_cast<Index>(problems.size()), threads, [&](Index k) {
    BatchEntry<Result>& entry = entries[static_cast<std::size_t>(k)];
    try {
      entry.result.emplace(solve(problems[static_cast<std::size_t>(k)]));
    } catch (const std::exception& failure) {
      entry.error = failure.what();
    } catch (...) {
      entry.error = "an exception that is no std::exception";
    }
  });
  return entries;
}

/// `sinkhorn` for each problem, one thread a problem and options.threads problems at a time.
/// @throws std::invalid_argument for a bad option.
std::vector<BatchEntry<SinkhornResult>> sinkhorn_batch(
    const std::vector<TransportProblem>& problems, const SinkhornOptions& options = {});

}  // namespace pushforward::ot
