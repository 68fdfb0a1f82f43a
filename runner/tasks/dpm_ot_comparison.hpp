/// Runs the expressway and its rivals on one target and measures each at each cost.
#pragma once

#include <string>
#include <vector>

#include "pushforward/core/types.hpp"

#include "runner/task.hpp"
#include "runner/tasks/diffusion_dpm_ot.hpp"
#include "runner/tasks/sampling_target.hpp"

namespace pushforward::runner {

/// A mean over blocks with its standard error.
struct BlockMean {
  double value = not_known;
  double standard_error = not_known;
};
BlockMean block_mean(VectorIn blocks);

/// What one sampler did at each cost. Columns: the costs of `nfe`.
struct SamplerRecord {
  std::string name;
  std::vector<int> nfe;            ///< Calls really made, at most what was allowed.
  Matrix w2_squared;               ///< pairs of blocks x costs: W2^2 to held-out draws.
  Matrix debiased;                 ///< The same less half of the W2^2 within each of the two.
  Matrix mode_mixture;             ///< 2 x costs: excess share and its standard error.
  Matrix component_chi_squared;    ///< 1 x costs, per degree of freedom; NaN without components.
  Matrix copied;                   ///< 1 x costs: share of copies of known data; NaN if none.
  std::vector<std::string> grids;  ///< The grid used at each cost.
  Matrix shown;                    ///< d x n: samples at the cost that the figures show.
};

/// All that is known of one target.
struct Comparison {
  std::vector<SamplerRecord> expressways;  ///< Hard map, then extended map.
  std::vector<SamplerRecord> rivals;       ///< In the config's order, each with its best grid.
  SamplerRecord best_multistep;            ///< The best order at each cost.
  SamplerRecord reference;                 ///< One cost: the long run. Empty name: left out.
  Vector law_w2_squared, law_debiased;     ///< Of draws of the law itself.
  Matrix noise_shown, mapped_shown;        ///< d x n: noise and where the map takes it.
  Matrix law_shown;                        ///< d x n: held-out draws.
  double mass_error_bound = not_known;
  double mass_error = not_known;
  double unreached_share = not_known;
  double singular_share = not_known;  ///< Queries with a neighbour across a singular edge.
  double transport_w2_squared = not_known, transport_w2_squared_error = not_known;
  SolveReport transport;
};

Comparison compare(const DpmOtTask& task, const SamplingTarget& target, RunContext& context);

}  // namespace pushforward::runner
