/// The parts that pages are made of: everything from outside is escaped here.
#pragma once

#include <string>
#include <string_view>

#include "runner/figure.hpp"

namespace pushforward::runner::html {

/// A whole page in the house style. `body` is markup. The page forbids scripts and all loading.
std::string page(std::string_view title, std::string_view body);

/// Plain text with `code` in backticks and **bold** in double stars; all else is escaped.
std::string prose(std::string_view text);

/// <p>...</p> for each text.
std::string paragraphs(const std::vector<std::string>& texts);

std::string table(const Table& table);

/// Title, caption, drawing, notes.
std::string figure(const Figure& figure);

/// A line in place of a drawing of `bytes` bytes that would make the page too large.
std::string left_out(const Figure& figure, std::size_t bytes);

/// A mark and a word, told apart by shape, colour and text: "pass", "fail", "inconclusive" and the
/// verdicts of a run.
std::string badge(std::string_view outcome);

std::string section(std::string_view title, std::string_view body);

}  // namespace pushforward::runner::html
