/// Numbers and words as people read them in figures, reports and terminals: UTF-8, fixed sensible
/// precision, the same bytes on every machine.
#pragma once

#include <string>
#include <string_view>

#include "runner/figure.hpp"

namespace pushforward::runner {

/// For XML and HTML, in text and in quoted attributes. Bytes that are not UTF-8 and characters that
/// XML forbids become U+FFFD, so the result is always well formed.
std::string escaped(std::string_view text);

/// `digits` significant digits: "0.0123", "20 000", "1.5 × 10⁻⁷", "∞"; "–" for NaN.
std::string number_text(double value, int digits = 4);

/// "0.0123 ± 0.0011": the error to two digits, the value to the same place; scientific outside
/// [0.001, 1000000). Without a known positive error the number alone.
std::string measured_text(const Measured& measured);

/// "12.3 KiB".
std::string bytes_text(std::size_t bytes);

/// Fixed point with `decimals` places, trailing zeros and a lone minus cut: coordinates in SVG.
std::string coordinate(double value, int decimals = 2);

/// Width in pixels of a line of text in a typical sans-serif face of this size.
double text_width(std::string_view text, double font_size);

/// Characters, counting UTF-8 sequences once: columns in a terminal for the texts we print.
std::size_t text_length(std::string_view text);

}  // namespace pushforward::runner
