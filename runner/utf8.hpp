/// UTF-8 as RFC 3629 defines it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pushforward::runner {

/// The length of the UTF-8 sequence at the front of `text`, which is not empty; 0 if there is no
/// valid one. Overlong forms, surrogates and values beyond U+10FFFF are invalid.
std::size_t utf8_length(std::string_view text);

/// Appends the character with this code point, at most U+10FFFF.
void append_utf8(std::string& out, unsigned code);

}  // namespace pushforward::runner
