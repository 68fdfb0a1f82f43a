/// The figures of an expressway's report, and what they share with its tables.
#pragma once

#include <vector>

#include "runner/figure.hpp"
#include "runner/tasks/dpm_ot_comparison.hpp"

namespace pushforward::runner {

/// The samplers in the order and under the names that every figure and table uses.
std::vector<const SamplerRecord*> shown_records(const Comparison& comparison);

/// Debiased distance of draws of the law itself.
Measured law_distance(const Comparison& comparison);

/// Distance and mixture against the cost, then samples: over the exact density on the line and in
/// the plane, as images, or as pairs of coordinates.
std::vector<Figure> comparison_figures(const Comparison& comparison, const DpmOtTask& task,
                                       const SamplingTarget& target);

}  // namespace pushforward::runner
