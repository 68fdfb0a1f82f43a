/// Figures as SVG: self-contained, the same bytes for the same figure, light and dark.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runner/figure.hpp"

namespace pushforward::runner {

/// Width of every figure, in pixels at 100%.
inline constexpr double figure_width = 820.0;

/// A file of its own: with its style, title, caption and notes.
/// @throws std::invalid_argument as Figure::validate.
std::string svg_file(const Figure& figure);

/// The drawing alone, for a page that carries `svg_style()` and sets title and notes as text.
std::string svg_inline(const Figure& figure);

/// The style sheet of drawings: colours as variables, dark where the reader prefers it.
std::string_view svg_style();

/// What the drawing does not say by itself: what bars mean, what was binned, cut or left as a gap.
std::vector<std::string> figure_notes(const Figure& figure);

}  // namespace pushforward::runner
