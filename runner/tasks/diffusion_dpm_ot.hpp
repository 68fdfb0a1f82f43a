/// The expressway from noise to data against the solvers that start from noise, at equal cost.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pushforward/diffusion/noise_schedule.hpp"
#include "pushforward/diffusion/reverse_sampler.hpp"
#include "pushforward/diffusion/time_grid.hpp"
#include "pushforward/ot/semidiscrete.hpp"
#include "pushforward/ot/semidiscrete_map.hpp"

#include "runner/task.hpp"
#include "runner/tasks/sampling_target.hpp"

namespace pushforward::runner {

struct DpmOtTask {
  static constexpr std::string_view name = "diffusion.dpm_ot";
  static constexpr std::string_view summary =
      "an optimal-transport expressway from noise to data, against diffusion samplers at equal "
      "cost";
  static constexpr bool random = true;

  struct Problem {
    std::vector<TargetOptions> targets = {RingTarget{}};
    diffusion::NoisePathOptions path = diffusion::Edm{};
    double start_level = 0.5;
    double final_level = 0.002;
    Index atoms = 4096;

    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("targets", self.targets, any_value,
            "the laws to sample from, each with its own report");
      field("path", self.path, any_value, "how data turns into noise");
      field("start_level", self.start_level, positive,
            "noise level rho at which the expressway joins: its atoms are draws of x_0 + rho e");
      field("final_level", self.final_level, positive,
            "last positive noise level; the step after it returns the denoised point");
      field("atoms", self.atoms, between(1, 10'000'000), "number of atoms");
    }
  };

  struct Transport {
    double tolerance = 0.25;
    double failure_probability = 1e-3;
    int max_iterations = 10'000;
    OnNotConverged on_not_converged = OnNotConverged::warn;

    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("tolerance", self.tolerance, positive,
            "certified bound on the largest relative mass error of a cell");
      field("failure_probability", self.failure_probability, strictly_between(0.0, 1.0),
            "chance that the certificate is wrong");
      field("max_iterations", self.max_iterations, at_least(1), "batches drawn");
      field("on_not_converged", self.on_not_converged, any_value,
            "whether a transport without certificate ends the run");
    }
  };

  struct Solver {
    Transport transport;
    ot::SemidiscreteMapOptions map{.angle_quantile = 0.5};
    diffusion::ReverseSamplerOptions tail{.method = diffusion::SamplerMethod::ddim};
    diffusion::TimeGrid tail_grid = diffusion::KarrasGrid{};
    std::vector<int> nfe = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    std::vector<diffusion::ReverseSamplerOptions> rivals = default_rivals();
    std::vector<diffusion::TimeGrid> rival_grids = {
        diffusion::KarrasGrid{}, diffusion::LogSnrGrid{}, diffusion::AngleGrid{}};
    int reference_steps = 1000;
    Index samples = 5000;
    Index reference_samples = 2000;
    Index block = 500;

    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("transport", self.transport, nested, "from noise to the atoms");
      field("map", self.map, nested, "how the transport map is extended between atoms");
      field("tail", self.tail, nested, "the sampler that finishes from the start level");
      field("tail_grid", self.tail_grid, any_value, "its noise levels");
      field("nfe", self.nfe, between(1, 1000), "denoiser calls a sample, one comparison for each");
      field("rivals", self.rivals, any_value, "samplers that start from noise");
      field("rival_grids", self.rival_grids, any_value,
            "each rival is given, at each cost, the grid that serves it best");
      field("reference_steps", self.reference_steps, at_least(0),
            "steps of the long reference run (first-order); 0 leaves it out");
      field("samples", self.samples, between(2, 10'000'000), "drawn by every sampler");
      field("reference_samples", self.reference_samples, between(2, 10'000'000),
            "drawn by the long reference run, if that is fewer");
      field("block", self.block, between(2, 5000),
            "points in each exact transport problem between samples and held-out draws");
    }
  };

  struct Output {
    int figure_nfe = 5;

    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("figure_nfe", self.figure_nfe, at_least(1), "cost at which samples are shown");
    }
  };

  Problem problem;
  Solver solver;
  Output output;

  void run(RunContext& context) const;
  void validate(const DataSet& data, ConfigProblems& problems) const;
  PlanEstimate plan(const DataSet& data) const;
  static std::vector<Quantity> quantities();
  static std::vector<std::string> budgets() { return {"/solver/transport/max_iterations"}; }
  static std::vector<std::string> outputs_of_stages() { return {"/output/figure_nfe"}; }
  static std::string_view starter();

  static std::vector<diffusion::ReverseSamplerOptions> default_rivals();
};

}  // namespace pushforward::runner
