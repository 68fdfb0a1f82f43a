#include "diffusion/src/sampler_plan.hpp"

#include <algorithm>
#include <cmath>

namespace pushforward::diffusion::detail {
namespace {

Stage stage(double level, const StepWeights& weights, std::size_t count) {
  return {.level = level,
          .carry = weights.carry,
          .weights = {weights.node.begin(), weights.node.begin() + static_cast<Index>(count)}};
}

Stage exact_stage(Prediction predict, Interpolation variable, double from, double to,
                  const std::vector<double>& nodes) {
  return stage(nodes.front(), exact_weights(predict, variable, from, to, nodes), nodes.size());
}

Step ddim_step(Prediction predict, double from, double to) {
  return {from, to, 1, {exact_stage(predict, Interpolation::lambda, from, to, {from})}};
}

Step euler_step(const NoisePath& path, double from, double to) {
  // x_T = x_S + dt (state x_S + denoised D), written for y = x / a.
  const double t = path.t_of_rho(from);
  const double dt = path.t_of_rho(to) - t;
  const FlowCoefficients flow = path.flow_coefficients(t);
  const double a_to = path.scales(to).a;
  const double carry = path.scales(from).a * (1.0 + dt * flow.state) / a_to;
  return {from, to, 1, {{.level = from, .carry = carry, .weights = {dt * flow.denoised / a_to}}}};
}

Step heun_step(double from, double to) {
  const double width = to - from;
  return {
      from,
      to,
      2,
      {{.level = from, .weights = {width}}, {.level = to, .weights = {0.5 * width, 0.5 * width}}}};
}

Step ancestral_step(AncestralVariance variance, const NoisePath& path, double from, double to) {
  // c = T^2 / S^2 makes y_T the posterior mean given y_S and y_0 = D.
  const double ratio = to / from;
  const double carry = ratio * ratio;
  const double fresh = (from - to) * (from + to);
  const double noise_squared = variance == AncestralVariance::small
                                   ? carry * fresh
                                   : fresh * std::pow(path.scales(from).a / path.scales(to).a, 2);
  return {from,
          to,
          1,
          {{.level = from,
            .carry = carry,
            .weights = {fresh / (from * from)},
            .noise = std::sqrt(noise_squared)}}};
}

Step midpoint_2m_step(double before, double from, double to) {
  const double weight = (from - to) / from;
  const double half = 0.5 * std::log(from / to) / std::log(before / from);
  return {
      from,
      to,
      2,
      {{.level = from, .carry = to / from, .weights = {weight * (1.0 + half), -weight * half}}}};
}

// Single-step methods of order 2 and 3 in lambda: nodes at 1/2, or at 1/3 and 2/3 of the step.
// Source: \cite lu2022solver.
Step single_step(Prediction predict, int order, double from, double to) {
  constexpr auto lambda = Interpolation::lambda;
  const auto level = [&](double share) { return from * std::pow(to / from, share); };
  if (order == 1) return ddim_step(predict, from, to);
  if (order == 2) {
    const double middle = level(0.5);
    return {from,
            to,
            2,
            {exact_stage(predict, lambda, from, middle, {from}),
             exact_stage(predict, lambda, from, to, {middle, from})}};
  }
  const double third = level(1.0 / 3.0);
  const double two_thirds = level(2.0 / 3.0);
  // The last stage leaves the value at one third out: the line through the ends is of order 3.
  Stage last = exact_stage(predict, lambda, from, to, {two_thirds, from});
  last.weights.insert(last.weights.begin() + 1, 0.0);
  return {from,
          to,
          3,
          {exact_stage(predict, lambda, from, third, {from}),
           exact_stage(predict, lambda, from, two_thirds, {third, from}), last}};
}

Step multistep_step(const ReverseSamplerOptions& options, VectorIn levels, Index at, int nodes) {
  std::vector<double> known;
  for (int j = 0; j < nodes; ++j) known.push_back(levels[at - j]);
  return {levels[at],
          levels[at + 1],
          nodes,
          {exact_stage(options.predict, options.variable, levels[at], levels[at + 1], known)}};
}

// The last step above level 0, when lower_final asks for a lower order there. The threshold on the
// number of steps is the customary one.
bool is_lowered(const ReverseSamplerOptions& options, Index steps, bool to_zero, Index at) {
  return options.lower_final && to_zero && steps <= 14 && at == steps - 2;
}

bool starts_singly(const ReverseSamplerOptions& options, Index at) {
  return options.method == SamplerMethod::multistep && options.start == StartUp::single &&
         at < options.order - 1;
}

}  // namespace

std::size_t SamplerPlan::memory() const {
  std::size_t stages = 1;
  std::size_t nodes = 1;
  for (const Step& step : steps) {
    stages = std::max(stages, step.stages.size());
    for (const Stage& call : step.stages) nodes = std::max(nodes, call.weights.size());
  }
  return nodes + stages - 1;
}

SamplerPlan sampler_plan(const ReverseSamplerOptions& options, const NoisePath& path,
                         VectorIn levels) {
  const Index steps = levels.size() - 1;
  const bool to_zero = levels[steps] == 0.0;
  SamplerPlan plan;
  switch (options.method) {
    case SamplerMethod::ddim:
    case SamplerMethod::heun:
      plan.predict = Prediction::noise;
      break;
    case SamplerMethod::multistep:
      plan.predict = options.predict;
      break;
    case SamplerMethod::euler:
    case SamplerMethod::ancestral:
    case SamplerMethod::dpmpp_2m:
      plan.predict = Prediction::data;
      break;
  }
  for (Index i = 0; i < steps; ++i) {
    const double from = levels[i];
    const double to = levels[i + 1];
    if (to == 0.0) {
      plan.steps.push_back({from, to, 1, {{.level = from}}});
      continue;
    }
    switch (options.method) {
      case SamplerMethod::ddim:
        plan.steps.push_back(ddim_step(plan.predict, from, to));
        break;
      case SamplerMethod::euler:
        plan.steps.push_back(euler_step(path, from, to));
        break;
      case SamplerMethod::heun:
        plan.steps.push_back(heun_step(from, to));
        break;
      case SamplerMethod::ancestral:
        plan.steps.push_back(ancestral_step(options.variance, path, from, to));
        break;
      case SamplerMethod::dpmpp_2m:
        plan.steps.push_back(i == 0 ? ddim_step(plan.predict, from, to)
                                    : midpoint_2m_step(levels[i - 1], from, to));
        break;
      case SamplerMethod::multistep: {
        if (starts_singly(options, i)) {
          plan.steps.push_back(single_step(plan.predict, options.order - 1, from, to));
          break;
        }
        int nodes = static_cast<int>(std::min<Index>(i + 1, options.order));
        if (is_lowered(options, steps, to_zero, i)) nodes = std::min(nodes, 2);
        plan.steps.push_back(multistep_step(options, levels, i, nodes));
        break;
      }
    }
  }
  return plan;
}

}  // namespace pushforward::diffusion::detail

namespace pushforward::diffusion {

Index planned_nfe(const ReverseSamplerOptions& options, Index steps, bool to_zero) {
  const Index inner = to_zero ? steps - 1 : steps;  // the step into level 0 takes one call
  Index extra = 0;
  if (options.method == SamplerMethod::heun) extra = inner;
  for (Index i = 0; i < std::min<Index>(inner, options.order - 1); ++i) {
    if (detail::starts_singly(options, i)) extra += options.order - 2;
  }
  return steps + extra;
}

}  // namespace pushforward::diffusion
