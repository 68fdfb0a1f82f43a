/// One line for every name that `list` knows.
#pragma once

#include <string_view>

namespace pushforward::runner {

/// What `name` means among the names of `kind` (catalogue_kinds()); empty if nothing is known.
std::string_view meaning_of(std::string_view kind, std::string_view name);

}  // namespace pushforward::runner
