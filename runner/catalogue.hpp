/// What the tasks of a program offer, by kind: for `list`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runner/task.hpp"

namespace pushforward::runner {

struct CatalogueRow {
  std::string name;
  std::string meaning;             ///< One line.
  std::vector<std::string> tasks;  ///< That take it or report it; empty for tasks themselves.
  std::vector<std::string> keys;   ///< "ot.exact /problem/cost": where configs name it.
};
using Catalogue = std::vector<CatalogueRow>;

/// The kinds that `catalogue` knows: tasks, targets, solvers, metrics, paths and costs.
const std::vector<std::string>& catalogue_kinds();

/// @throws std::invalid_argument for an unknown kind
Catalogue catalogue(std::string_view kind, const Registry& registry);

}  // namespace pushforward::runner
