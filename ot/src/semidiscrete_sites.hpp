/// The atoms of a semi-discrete problem, made fit for diagrams: distinct, with positive mass.
#pragma once

#include "pushforward/core/measure.hpp"
#include "pushforward/core/types.hpp"

namespace pushforward::ot::detail {

struct MergedSites {
  Matrix points;      ///< d x M, neighbours in space near each other in memory.
  Vector masses;      ///< M, positive, of sum one.
  IndexVector owner;  ///< N: the site an atom belongs to, -1 for an atom of mass zero.
  Index merged = 0;   ///< Atoms that gave their mass to another one's site.
};

/// Atoms at most 1e-12 of the diameter apart become one site, at the first of them.
MergedSites merged_sites(const DiscreteMeasure& target);

}  // namespace pushforward::ot::detail
