#include "runner/tasks/dpm_ot_comparison.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "pushforward/core/densities/presets.hpp"
#include "pushforward/diffusion/noise_schedule.hpp"
#include "pushforward/ot/empirical.hpp"

#include "core/src/parallel.hpp"
#include "runner/figure_text.hpp"
#include "runner/non_finite.hpp"
#include "runner/tasks/semidiscrete_stage.hpp"

namespace pushforward::runner {
namespace {

constexpr Index shown_samples = 2000;

// What every sampler of a target is measured with.
struct Measuring {
  const DpmOtTask& task;
  const SamplingTarget& target;
  RunContext& context;
  diffusion::NoisePath path;
  Matrix held_out;
  Vector within_held_out;  // W2^2 within each pair of its blocks
  Matrix noise;            // d x samples, the same for every sampler: N(0, I)

  std::string stage(const std::string& part) const { return target.name() + "/" + part; }
};

// W2^2 over pairs of blocks: between samples and held-out draws, and within each of the two.
struct Distances {
  Vector across, within_samples, within_held_out;  // one a pair

  // Zero on average when both are draws of one law, whatever the size of the blocks. The distance
  // across alone is not, and it falls for samples that lie too close together.
  Vector debiased() const { return across - 0.5 * (within_samples + within_held_out); }
};

// W2^2 within each pair of neighbouring blocks.
Vector within_pairs(PointsIn x, Index block, int threads) {
  Vector w2_squared(x.cols() / (2 * block));
  pushforward::detail::parallel_blocks(w2_squared.size(), 1, threads, [&](Index i, Index, Index) {
    w2_squared[i] = ot::wasserstein_2_squared(x.middleCols(2 * i * block, block),
                                              x.middleCols((2 * i + 1) * block, block), 1);
  });
  return w2_squared;
}

Distances distances(const Measuring& m, PointsIn samples) {
  const Index block = m.task.solver.block;
  const int threads = m.context.threads();
  const Index references = m.within_held_out.size();
  Distances d{.within_samples = within_pairs(samples, block, threads)};
  const Index pairs = d.within_samples.size();
  Vector across(2 * pairs);
  pushforward::detail::parallel_blocks(across.size(), 1, threads, [&](Index b, Index, Index) {
    across[b] =
        ot::wasserstein_2_squared(samples.middleCols(b * block, block),
                                  m.held_out.middleCols(b % (2 * references) * block, block), 1);
  });
  d.across.resize(pairs);
  d.within_held_out.resize(pairs);
  for (Index i = 0; i < pairs; ++i) {
    d.across[i] = 0.5 * (across[2 * i] + across[2 * i + 1]);
    d.within_held_out[i] = m.within_held_out[i % references];
  }
  return d;
}

// One row of results a cost, as a stage keeps them.
Bundle measured(const Measuring& m, const std::vector<int>& allowed,
                const std::function<Matrix(int allowed_nfe, int& made, std::string& grid)>& samples,
                Stage& stage, const std::string& phase) {
  const auto costs = static_cast<Index>(allowed.size());
  Bundle bundle;
  Matrix& w2_squared = bundle.arrays["w2_squared"];
  Matrix& debiased = bundle.arrays["debiased"];
  Matrix& mixture = bundle.arrays["mode_mixture"] = Matrix(2, costs);
  Matrix& chi_squared = bundle.arrays["component_chi_squared"] = Matrix(1, costs);
  Matrix& copied = bundle.arrays["copied"] = Matrix(1, costs);
  Matrix& nfe = bundle.arrays["nfe"] = Matrix(1, costs);
  for (Index k = 0; k < costs; ++k) {
    stage.poll({.phase = phase, .done = k, .total = costs});
    int made = 0;
    std::string grid;
    const int cost = allowed[static_cast<std::size_t>(k)];
    const Matrix x = samples(cost, made, grid);
    const Distances d = distances(m, x);
    if (k == 0) {
      w2_squared.resize(d.across.size(), costs);
      debiased.resize(d.across.size(), costs);
    }
    w2_squared.col(k) = d.across;
    debiased.col(k) = d.debiased();
    stage.record(
        {{"calls", static_cast<double>(made)}, {"debiased W2 squared", debiased.col(k).mean()}});
    const MixtureShare share = m.target.mode_mixture(x);
    mixture(0, k) = share.excess;
    mixture(1, k) = share.standard_error;
    chi_squared(0, k) = m.target.component_chi_squared(x);
    copied(0, k) = m.target.copied_share(x);
    nfe(0, k) = made;
    bundle.texts["grid" + std::to_string(k)] = grid;
    if (cost <= m.task.output.figure_nfe || k == 0) {
      bundle.arrays["shown"] = x.leftCols(std::min(x.cols(), shown_samples));
    }
  }
  return bundle;
}

SamplerRecord record(std::string name, const Bundle& bundle) {
  SamplerRecord result{.name = std::move(name),
                       .w2_squared = bundle.arrays.at("w2_squared"),
                       .debiased = bundle.arrays.at("debiased"),
                       .mode_mixture = bundle.arrays.at("mode_mixture"),
                       .component_chi_squared = bundle.arrays.at("component_chi_squared"),
                       .copied = bundle.arrays.at("copied"),
                       .shown = bundle.arrays.at("shown")};
  const Matrix& nfe = bundle.arrays.at("nfe");
  for (Index k = 0; k < nfe.cols(); ++k) {
    result.nfe.push_back(static_cast<int>(nfe(0, k)));
    result.grids.push_back(bundle.texts.at("grid" + std::to_string(k)));
  }
  return result;
}

// The most steps whose calls stay within `allowed`; 0 if even one step costs more.
Index steps_within(const diffusion::ReverseSamplerOptions& sampler, Index allowed) {
  Index steps = allowed;
  while (steps > 0 && diffusion::planned_nfe(sampler, steps, true) > allowed) --steps;
  return steps;
}

std::string sampler_name(const diffusion::ReverseSamplerOptions& sampler) {
  std::string result(name(sampler.method));
  if (sampler.method == diffusion::SamplerMethod::multistep) {
    result += "_" + std::to_string(sampler.order);
    if (sampler.predict == diffusion::Prediction::data) result += "_data";
  }
  return result;
}

Matrix finished(const Measuring& m, const diffusion::ReverseSamplerOptions& sampler,
                const diffusion::TimeGrid& grid, double first_level, Index steps, PointsIn start,
                Stage& stage, int& made) {
  const Vector levels = diffusion::time_grid(
      grid, m.path, steps, {.first = first_level, .last = m.task.problem.final_level});
  auto options = sampler;
  options.threads = m.context.threads();
  auto run = diffusion::reverse_sampler(m.target.denoiser(), m.path, levels, start,
                                        m.context.key(Draw::noise), options, stage.observer());
  made = static_cast<int>(run.nfe);
  stage.calls("denoiser", static_cast<double>(run.nfe) * static_cast<double>(start.cols()));
  require_finite(run.samples, sampler_name(sampler), m.context.key(Draw::initial));
  return std::move(run.samples);
}

diffusion::TimeGrid fitted_to(const diffusion::TimeGrid& grid, double spread) {
  // An angle grid left at its default takes the spread of the data, which is what it is for.
  if (const auto* angle = std::get_if<diffusion::AngleGrid>(&grid);
      angle != nullptr && *angle == diffusion::AngleGrid{}) {
    return diffusion::AngleGrid{.scale = spread};
  }
  return grid;
}

std::string grid_name(const diffusion::TimeGrid& grid) {
  return std::visit([](const auto& g) { return std::string(g.type_name); }, grid);
}

Bundle rival_bundle(const Measuring& m, const diffusion::ReverseSamplerOptions& sampler,
                    Stage& stage) {
  const double first = m.path.rho_max();
  const Matrix start = m.path.scales(first).s * m.noise;
  const auto best_over_grids = [&](int allowed, int& made, std::string& best_grid) {
    Matrix best;
    double best_distance = std::numeric_limits<double>::infinity();
    const Index steps = steps_within(sampler, allowed);
    for (const diffusion::TimeGrid& grid : m.task.solver.rival_grids) {
      if (steps == 0) break;
      int calls = 0;
      Matrix x = finished(m, sampler, fitted_to(grid, m.target.spread()), first, steps, start,
                          stage, calls);
      const double distance = distances(m, x).debiased().mean();
      if (distance < best_distance) {
        best_distance = distance;
        best = std::move(x);
        made = calls;
        best_grid = grid_name(grid);
      }
    }
    return best;
  };
  return measured(m, m.task.solver.nfe, best_over_grids, stage, sampler_name(sampler));
}

SamplerRecord best_of(const std::vector<SamplerRecord>& rivals) {
  SamplerRecord best;
  for (const SamplerRecord& rival : rivals) {
    if (rival.name.rfind("multistep", 0) != 0) continue;
    if (best.name.empty()) {
      best = rival;
      best.name = "best multistep";
      continue;
    }
    for (Index k = 0; k < rival.debiased.cols(); ++k) {
      if (!(rival.debiased.col(k).mean() < best.debiased.col(k).mean())) continue;
      const auto cost = static_cast<std::size_t>(k);
      best.w2_squared.col(k) = rival.w2_squared.col(k);
      best.debiased.col(k) = rival.debiased.col(k);
      best.mode_mixture.col(k) = rival.mode_mixture.col(k);
      best.component_chi_squared.col(k) = rival.component_chi_squared.col(k);
      best.copied.col(k) = rival.copied.col(k);
      best.nfe[cost] = rival.nfe[cost];
      best.grids[cost] = rival.name + ", " + rival.grids[cost];
    }
  }
  return best;
}

void told_if_uncertified(RunContext& context, const std::string& stage,
                         const ot::SemidiscreteResult& solved, const DpmOtTask::Transport& asked) {
  if (solved.converged) return;
  context.warn(stage + " stopped without its certificate (" +
               std::string(name(solved.termination)) + "): the largest relative mass error is at " +
               "most " + number_text(solved.mass_error_bound) + ", asked was " +
               number_text(asked.tolerance));
  if (asked.on_not_converged == OnNotConverged::error) context.finish(solved);
}

}  // namespace

BlockMean block_mean(VectorIn blocks) {
  const double n = static_cast<double>(blocks.size());
  const double mean = blocks.mean();
  if (blocks.size() < 2) return {.value = mean};
  return {.value = mean,
          .standard_error = std::sqrt((blocks.array() - mean).square().sum() / (n * (n - 1.0)))};
}

Comparison compare(const DpmOtTask& task, const SamplingTarget& target, RunContext& context) {
  Measuring m{.task = task,
              .target = target,
              .context = context,
              .path = diffusion::NoisePath(task.problem.path),
              .held_out = target.held_out(context.key(Draw::reference), task.solver.samples),
              .within_held_out = {},
              .noise = Matrix(target.dim(), task.solver.samples)};
  m.within_held_out = within_pairs(m.held_out, task.solver.block, context.threads());
  fill_normal(context.key(Draw::initial), m.noise, context.threads());
  Comparison result;

  // The transport: its atoms are draws of the data at the start level, in y = x / a.
  const Matrix atoms = target.stratified_draws(context.key(Draw::source), task.problem.atoms,
                                               task.problem.start_level);
  const ot::SemidiscreteProblem transport{
      .source = std::make_shared<GaussianMixture>(standard_normal(target.dim())),
      .target = DiscreteMeasure::uniform(atoms)};
  const ot::SemidiscreteResult solved =
      semidiscrete_stage(context, m.stage("transport"), transport,
                         {.tolerance = task.solver.transport.tolerance,
                          .failure_probability = task.solver.transport.failure_probability,
                          .max_iterations = task.solver.transport.max_iterations,
                          .seed = context.seed(),
                          .threads = context.threads()});
  told_if_uncertified(context, m.stage("transport"), solved, task.solver.transport);
  result.transport = solved;
  result.mass_error_bound = solved.mass_error_bound;
  result.mass_error = solved.mass_error;
  result.unreached_share =
      static_cast<double>(solved.empty_cells) / static_cast<double>(task.problem.atoms);
  result.transport_w2_squared = solved.primal.value;
  result.transport_w2_squared_error = solved.primal.standard_error;

  // Where the map takes the noise, with and without the extension between atoms.
  const Bundle& mapped = context.stage(m.stage("map"), [&](Stage& stage) {
    stage.poll({.phase = "map", .done = 0, .total = 2});
    ot::SemidiscreteMapOptions options = task.solver.map;
    options.seed = context.seed();
    options.threads = context.threads();
    const ot::SemidiscreteMap map(transport, solved.heights, options);
    Bundle bundle;
    Matrix& hard = bundle.arrays["hard"] = Matrix(m.noise.rows(), m.noise.cols());
    Matrix& extended = bundle.arrays["extended"] = hard;
    map.nearest(m.noise, hard);
    stage.poll({.phase = "map", .done = 1, .total = 2});
    bundle.numbers["singular_share"] = map.extend(m.noise, extended).singular_share;
    return bundle;
  });
  result.singular_share = mapped.numbers.at("singular_share");
  result.noise_shown = m.noise.leftCols(std::min(m.noise.cols(), shown_samples));
  result.mapped_shown = mapped.arrays.at("hard").leftCols(result.noise_shown.cols());
  result.law_shown = m.held_out.leftCols(std::min(m.held_out.cols(), shown_samples));

  const double a = m.path.scales(task.problem.start_level).a;
  for (const std::string kind : {"hard", "extended"}) {
    const Matrix start = a * mapped.arrays.at(kind);
    result.expressways.push_back(record(
        kind == "hard" ? "expressway" : "expressway, extended map",
        context.stage(m.stage("tail, " + kind + " map"), [&](Stage& stage) {
          const auto tail = [&](int allowed, int& made, std::string& grid) {
            grid = grid_name(task.solver.tail_grid);
            return finished(m, task.solver.tail, task.solver.tail_grid, task.problem.start_level,
                            steps_within(task.solver.tail, allowed), start, stage, made);
          };
          return measured(m, task.solver.nfe, tail, stage, "expressway, " + kind + " map");
        })));
  }

  for (const auto& sampler : task.solver.rivals) {
    const std::string label = sampler_name(sampler);
    result.rivals.push_back(record(label, context.stage(m.stage(label), [&](Stage& stage) {
      return rival_bundle(m, sampler, stage);
    })));
  }
  result.best_multistep = best_of(result.rivals);

  if (task.solver.reference_steps > 0) {
    const std::string label = std::to_string(task.solver.reference_steps) + " steps";
    result.reference = record(label, context.stage(m.stage("reference"), [&](Stage& stage) {
      const auto reference = [&](int, int& made, std::string& grid) {
        grid = "karras";
        const double first = m.path.rho_max();
        const Index n = std::min(task.solver.reference_samples, task.solver.samples);
        return finished(m, {.method = diffusion::SamplerMethod::ddim}, diffusion::KarrasGrid{},
                        first, task.solver.reference_steps,
                        m.path.scales(first).s * m.noise.leftCols(n), stage, made);
      };
      return measured(m, {task.solver.reference_steps}, reference, stage, label);
    }));
  }
  const Bundle& law = context.stage(m.stage("law"), [&](Stage& stage) {
    stage.poll({.phase = "draws of the law itself", .done = 0, .total = 1});
    const Distances d =
        distances(m, target.draws(context.key(Draw::resample), task.solver.samples));
    Bundle bundle;
    bundle.arrays["w2_squared"] = d.across;
    bundle.arrays["debiased"] = d.debiased();
    return bundle;
  });
  result.law_w2_squared = law.arrays.at("w2_squared");
  result.law_debiased = law.arrays.at("debiased");
  return result;
}

}  // namespace pushforward::runner
