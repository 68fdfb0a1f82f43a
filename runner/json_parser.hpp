/// A strict JSON reader: positions for every key and value, limits before anything grows.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "runner/json.hpp"
#include "runner/messages.hpp"

namespace pushforward::runner {

/// What a text may hold. A text beyond any of these is refused (E202) before it is taken in.
struct JsonLimits {
  std::size_t bytes = std::size_t{16} << 20;
  int depth = 64;
  std::size_t values = 1'000'000;
  std::size_t string_bytes = std::size_t{1} << 20;
};

enum class Comments { refused, allowed };

/// The value that `text` holds. Problems go to `findings` with positions in source number `source`:
/// E201 syntax, E202 limits, E203 a key given twice (reading goes on), E204 not UTF-8. Nothing is
/// returned after any but E203.
std::optional<Json> parse_json(std::string_view text, int source, Comments comments,
                               Findings& findings, const JsonLimits& limits = {});

}  // namespace pushforward::runner
