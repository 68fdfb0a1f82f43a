#include "pushforward/ot/semidiscrete_report.hpp"

#include "pushforward/core/errors.hpp"

namespace pushforward::ot {
namespace {

void require_one_each(const char* where, const char* argument, PointsIn atoms, VectorIn values) {
  require(values.size() == atoms.cols(), where, argument, values.size(),
          std::to_string(atoms.cols()) + ", one an atom");
}

}  // namespace

Vector power_weights(PointsIn atoms, VectorIn heights) {
  require_one_each("power_weights", "heights.size()", atoms, heights);
  return 2.0 * heights + atoms.colwise().squaredNorm().transpose();
}

Vector brenier_heights(PointsIn atoms, VectorIn weights) {
  require_one_each("brenier_heights", "weights.size()", atoms, weights);
  return 0.5 * (weights - atoms.colwise().squaredNorm().transpose());
}

Vector half_cost_potentials(PointsIn atoms, VectorIn heights) {
  require_one_each("half_cost_potentials", "heights.size()", atoms, heights);
  return 0.5 * power_weights(atoms, heights);
}

}  // namespace pushforward::ot
