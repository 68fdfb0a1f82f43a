/// Texts made from shapes: `describe`, `init` and `schema`.
#pragma once

#include <string>

#include "runner/task.hpp"

namespace pushforward::runner {

/// A task, or the key at `pointer` in its configs: type, range, default and meaning.
/// @throws Refused E102 (exit status 2) for an unknown pointer, with a suggestion
std::string describe_text(const Task& task, const std::string& pointer);

/// A starter config with comments (.jsonc) that validates and runs at once, or with `minimal` the
/// shortest one, in plain JSON.
std::string init_text(const Task& task, bool minimal);

/// The JSON Schema (draft 7) of the configs of one task; nullptr: of any of `registry`.
std::string schema_text(const Task* task, const Registry& registry);

}  // namespace pushforward::runner
