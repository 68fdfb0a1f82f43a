#include "pushforward/ot/unbalanced_divergence.hpp"

#include <algorithm>

#include "pushforward/core/errors.hpp"

#include "ot/src/compensated_sum.hpp"

namespace pushforward::ot {
namespace {

constexpr const char* here = "unbalanced_divergence";

}  // namespace

UnbalancedDivergenceResult unbalanced_divergence(PointsIn x, VectorIn a, PointsIn y, VectorIn b,
                                                 const Cost& cost, const UnbalancedOptions& options,
                                                 const Observer& observer) {
  options.validate();
  require(options.reference == EntropyReference::product, here, "options.reference", "counting",
          "product: another reference has no debiased form");
  UnbalancedDivergenceResult result;
  result.source = unbalanced_self_transport(a, PointCost(x, x, cost), options, observer);
  result.target = unbalanced_self_transport(b, PointCost(y, y, cost), options, observer);
  result.cross = unbalanced_transport(a, b, PointCost(x, y, cost), options, observer);
  const auto combined = [&](double cross, double source, double target) {
    detail::CompensatedSum sum;
    sum.add(cross);
    sum.add(-0.5 * source);
    sum.add(-0.5 * target);
    sum.add(0.5 * options.epsilon * (a.sum() - b.sum()) * (a.sum() - b.sum()));
    return sum.value();
  };
  const DualityGap &ab = result.cross.certificate, &aa = result.source.certificate,
                   &bb = result.target.certificate;
  result.divergence = combined(ab.dual, aa.dual, bb.dual);
  result.certificate.dual = combined(ab.dual, aa.primal, bb.primal);
  result.certificate.primal = combined(ab.primal, aa.dual, bb.dual);
  result.termination = Termination::converged;
  for (const UnbalancedResult* part : {&result.target, &result.source, &result.cross}) {
    if (!part->converged) result.termination = part->termination;
    result.iterations += part->iterations;
    result.seconds += part->seconds;
  }
  result.converged = result.termination == Termination::converged;
  result.residual =
      std::max({result.cross.residual, result.source.residual, result.target.residual});
  result.threads = result.cross.threads;
  return result;
}

}  // namespace pushforward::ot
