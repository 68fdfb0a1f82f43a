/// What the tasks of a program offer, by kind: for `list`.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runner/task.hpp"

namespace pushforward::runner {

/// Names with what they mean or where they are used.
using Catalogue = std::vector<std::pair<std::string, std::string>>;

/// The kinds that `catalogue` knows: tasks, targets, solvers, metrics, paths and costs.
const std::vector<std::string>& catalogue_kinds();

/// Tasks and metrics come with their meaning, the others with the keys that take them.
/// @throws std::invalid_argument for an unknown kind
Catalogue catalogue(std::string_view kind, const Registry& registry);

}  // namespace pushforward::runner
