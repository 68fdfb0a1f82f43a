/// Transport between two point sets of any mass.
#pragma once

#include "runner/tasks/discrete_problem.hpp"

namespace pushforward::runner {

/// The `problem` of tasks in which not all mass need move.
struct MassProblem : DiscreteProblem {
  double source_mass = 1.0;
  double target_mass = 1.0;

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    DiscreteProblem::describe(self, field);
    field("source_mass", self.source_mass, positive, "total mass of the source");
    field("target_mass", self.target_mass, positive, "total mass of the target");
  }

  Vector a(const ot::TransportProblem& instance) const {  ///< n masses.
    return source_mass * instance.source.weights();
  }
  Vector b(const ot::TransportProblem& instance) const {  ///< m masses.
    return target_mass * instance.target.weights();
  }
};

}  // namespace pushforward::runner
