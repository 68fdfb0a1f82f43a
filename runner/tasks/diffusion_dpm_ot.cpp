#include "runner/tasks/diffusion_dpm_ot.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "runner/tasks/dpm_ot_comparison.hpp"
#include "runner/tasks/dpm_ot_report.hpp"

namespace pushforward::runner {

std::vector<diffusion::ReverseSamplerOptions> DpmOtTask::default_rivals() {
  using enum diffusion::SamplerMethod;
  std::vector<diffusion::ReverseSamplerOptions> rivals;
  for (const auto method : {ddim, heun, dpmpp_2m}) rivals.push_back({.method = method});
  for (const int order : {2, 3, 4}) rivals.push_back({.method = multistep, .order = order});
  return rivals;
}

void DpmOtTask::run(RunContext& context) const {
  for (const TargetOptions& options : problem.targets) {
    const auto target = make_target(options, context);
    report_comparison(compare(*this, *target, context), *this, *target, context);
  }
}

void DpmOtTask::validate(const DataSet& data, ConfigProblems& problems) const {
  if (problem.targets.empty()) problems.add("/problem/targets", "needs at least one target");
  std::vector<std::string> names;
  for (std::size_t i = 0; i < problem.targets.size(); ++i) {
    const std::string pointer = "/problem/targets/" + std::to_string(i);
    validate_target(problem.targets[i], pointer, data, problems);
    const std::string& target =
        std::visit([](const auto& t) -> const std::string& { return t.name; }, problem.targets[i]);
    if (std::find(names.begin(), names.end(), target) != names.end()) {
      problems.add(pointer + "/name", "the name \"" + target + "\" is used twice");
    }
    names.push_back(target);
  }
  if (problem.final_level >= problem.start_level) {
    problems.add("/problem/final_level", "must lie below start_level, which is " +
                                             pushforward::detail::shortest(problem.start_level));
  }
  const diffusion::NoisePath path(problem.path);
  for (const auto& [pointer, level] : {std::pair{"/problem/start_level", problem.start_level},
                                       std::pair{"/problem/final_level", problem.final_level}}) {
    if (level < path.rho_min() * (1 - 1e-9) || level > path.rho_max() * (1 + 1e-9)) {
      problems.add(pointer, "lies outside the path's levels, " +
                                pushforward::detail::shortest(path.rho_min()) + " to " +
                                pushforward::detail::shortest(path.rho_max()));
    }
  }
  if (solver.nfe.empty()) problems.add("/solver/nfe", "needs at least one number of calls");
  if (!std::is_sorted(solver.nfe.begin(), solver.nfe.end(), std::less_equal<>())) {
    problems.add("/solver/nfe", "must increase strictly");
  }
  if (solver.rival_grids.empty() && !solver.rivals.empty()) {
    problems.add("/solver/rival_grids", "needs at least one grid");
  }
  const auto two_blocks = [&](Index count, const std::string& pointer) {
    if (2 * solver.block > count) {
      problems.add(pointer, "must hold at least two blocks of /solver/block, which is " +
                                std::to_string(solver.block));
    }
  };
  two_blocks(solver.samples, "/solver/samples");
  if (solver.reference_steps > 0) two_blocks(solver.reference_samples, "/solver/reference_samples");
  for (std::size_t i = 0; i < problem.targets.size(); ++i) {
    const auto* empirical = std::get_if<EmpiricalTarget>(&problem.targets[i]);
    const DiscreteMeasure* points = empirical ? data.find(empirical->data) : nullptr;
    if (points == nullptr) continue;
    two_blocks(held_out_count(*empirical, points->size()),
               "/problem/targets/" + std::to_string(i) + "/held_out_share");
  }
}

PlanEstimate DpmOtTask::plan(const DataSet& data) const {
  double bytes = 0.0;
  double operations = 0.0;
  for (const TargetOptions& options : problem.targets) {
    double dim = 2.0;
    if (const auto* mixture = std::get_if<MixtureTarget>(&options)) {
      dim = static_cast<double>(mixture->means.rows());
    } else if (const auto* empirical = std::get_if<EmpiricalTarget>(&options)) {
      if (const DiscreteMeasure* points = data.find(empirical->data)) {
        dim = static_cast<double>(points->dim());
      }
    }
    const double atoms = static_cast<double>(problem.atoms);
    const double samples = static_cast<double>(solver.samples);
    const double block = static_cast<double>(solver.block);
    bytes = std::max(bytes, 8.0 * (dim * (3.0 * atoms + 6.0 * samples) + 2.0 * block * block));
    operations +=
        150.0 * atoms * atoms * dim / (solver.transport.tolerance * solver.transport.tolerance);
  }
  return {.bytes = bytes, .operations = operations, .remedy = "set fewer solver.samples"};
}

std::vector<Quantity> DpmOtTask::quantities() {
  return {
      {"*.transport.mass_error_bound", "", "certified bound on the largest relative mass error"},
      {"*.transport.unreached_atoms", "", "share of atoms that no certifying draw reached"},
      {"*.w2_squared.*", "squared data units",
       "W2^2 to held-out draws, mean over blocks; last part: calls a sample"},
      {"*.debiased.*", "squared data units",
       "the same less half of the W2^2 within samples and within held-out draws"},
      {"*.mode_mixture.*", "", "share of samples between modes in excess of the law's own"},
      {"*.gain_over_*", "squared data units",
       "smallest over the costs of (rival's debiased distance - expressway's), paired by block"},
      {"*.mode_mixture_gain_over_*", "", "the same for the share of samples between modes"},
  };
}

std::string_view DpmOtTask::starter() {
  return R"({
  "version": 1,
  "task": "diffusion.dpm_ot",
  "name": "expressway",
  "seed": 1,
  "problem": {
    "targets": [{"type": "gaussian_ring", "components": 8, "radius": 4.0, "standard_deviation": 0.15}],
    "start_level": 0.5,
    "atoms": 256
  },
  "solver": {
    "transport": {"tolerance": 0.5},
    "nfe": [1, 2, 5],
    "rivals": [{"method": "ddim"}, {"method": "dpmpp_2m"}],
    "rival_grids": ["karras"],
    "reference_steps": 0,
    "samples": 1000,
    "block": 250
  }
}
)";
}

}  // namespace pushforward::runner
