/// UTF-8 as RFC 3629 defines it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace pushforward::runner {

/// The length of the UTF-8 sequence at the front of `text`, which is not empty; 0 if there is no
/// valid one. Overlong forms, surrogates and values beyond U+10FFFF are invalid.
std::size_t utf8_length(std::string_view text);

/// A byte that begins no valid sequence; line and column (in characters) from 1.
struct BadByte {
  int line = 1, column = 1;
  unsigned byte = 0;
};

/// The first byte at which `text` is not UTF-8.
std::optional<BadByte> first_bad_byte(std::string_view text);

/// Appends the character with this code point, at most U+10FFFF.
void append_utf8(std::string& out, unsigned code);

}  // namespace pushforward::runner
