#include "runner/task.hpp"
#include "runner/tasks/diffusion_dpm_ot.hpp"
#include "runner/tasks/diffusion_theory_contraction.hpp"
#include "runner/tasks/diffusion_theory_convergence.hpp"
#include "runner/tasks/diffusion_theory_expressway.hpp"
#include "runner/tasks/diffusion_theory_memory.hpp"
#include "runner/tasks/diffusion_theory_quantile_flow.hpp"
#include "runner/tasks/ot_barycenter.hpp"
#include "runner/tasks/ot_embedding.hpp"
#include "runner/tasks/ot_exact.hpp"
#include "runner/tasks/ot_gaussian_entropic.hpp"
#include "runner/tasks/ot_map.hpp"
#include "runner/tasks/ot_map_rate.hpp"
#include "runner/tasks/ot_newton_phase.hpp"
#include "runner/tasks/ot_noise_assignment.hpp"
#include "runner/tasks/ot_partial.hpp"
#include "runner/tasks/ot_quantization.hpp"
#include "runner/tasks/ot_rate.hpp"
#include "runner/tasks/ot_sample_complexity.hpp"
#include "runner/tasks/ot_semi_discrete.hpp"
#include "runner/tasks/ot_sinkhorn.hpp"
#include "runner/tasks/ot_sinkhorn_bias.hpp"
#include "runner/tasks/ot_sinkhorn_passes.hpp"
#include "runner/tasks/ot_unbalanced.hpp"
#include "runner/tasks/ot_warm_start.hpp"

namespace pushforward::runner {

Registry shipped_tasks() {
  Registry registry;
  registry.add<DpmOtTask>();
  registry.add<ConvergenceTask>();
  registry.add<MemoryTask>();
  registry.add<ExpresswayBoundTask>();
  registry.add<ContractionTask>();
  registry.add<QuantileFlowTask>();
  registry.add<SemidiscreteRateTask>();
  registry.add<SemiDiscreteTask>();
  registry.add<QuantizationTask>();
  registry.add<ExactTask>();
  registry.add<SinkhornTask>();
  registry.add<PartialTask>();
  registry.add<UnbalancedTask>();
  registry.add<EmbeddingTask>();
  registry.add<SinkhornBiasTask>();
  registry.add<SinkhornPassesTask>();
  registry.add<GaussianEntropicTask>();
  registry.add<MapTask>();
  registry.add<BarycenterTask>();
  registry.add<MapRateTask>();
  registry.add<NewtonPhaseTask>();
  registry.add<NoiseAssignmentTask>();
  registry.add<WarmStartTask>();
  registry.add<SampleComplexityTask>();
  return registry;
}

}  // namespace pushforward::runner
