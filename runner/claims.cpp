#include "runner/claims.hpp"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "pushforward/core/options.hpp"

#include "runner/figure_json.hpp"
#include "runner/figure_text.hpp"

namespace pushforward::runner {
namespace {

using Lines = std::vector<std::string>;

std::size_t count_of(const std::vector<ClaimOutcome>& outcomes, ClaimVerdict verdict) {
  return static_cast<std::size_t>(
      std::count_if(outcomes.begin(), outcomes.end(),
                    [&](const ClaimOutcome& outcome) { return outcome.verdict() == verdict; }));
}

/// A terminal must not obey what a file says: control characters are shown as a question mark.
std::string printable(std::string_view text) {
  std::string out(text);
  for (auto& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = c == '\n' ? ' ' : '?';
  }
  return out;
}

/// Words in lines of at most `width` characters; a longer word is cut.
Lines wrapped(std::string_view given, std::size_t width) {
  const std::string text = printable(given);
  Lines lines;
  std::string line;
  std::size_t length = 0;
  const auto flush = [&] {
    lines.push_back(std::exchange(line, {}));
    length = 0;
  };
  for (std::size_t i = 0; i < text.size();) {
    const auto end = std::min(text.find(' ', i), text.size());
    std::string_view word(text.data() + i, end - i);
    i = end + 1;
    if (length > 0 && length + 1 + text_length(word) > width) flush();
    if (length > 0 && !word.empty()) line += ' ', ++length;
    while (text_length(word) > width - length) {
      std::size_t bytes = 0;
      for (std::size_t kept = 0; bytes < word.size(); ++bytes) {
        const bool starts = (static_cast<unsigned char>(word[bytes]) & 0xC0u) != 0x80u;
        if (starts && kept++ == width - length) break;
      }
      line += word.substr(0, bytes);
      word.remove_prefix(bytes);
      flush();
    }
    line += word;
    length += text_length(word);
  }
  if (length > 0 || lines.empty()) flush();
  return lines;
}

std::string padded(const std::string& text, std::size_t width) {
  const auto length = text_length(text);
  return length < width ? text + std::string(width - length, ' ') : text;
}

std::string colored(const std::string& text, std::string_view verdict, bool color) {
  if (!color) return text;
  const std::string code = verdict.starts_with("pass")   ? "32"
                           : verdict.starts_with("fail") ? "31;1"
                                                         : "33";
  return "\x1b[" + code + "m" + text + "\x1b[0m";
}

struct Row {
  std::string claim, source, measured, bound, verdict;
};

/// One row a check, the sentence and its source on the first.
std::vector<Row> rows_of(const ClaimOutcome& outcome) {
  std::vector<Row> rows;
  for (const auto& check : outcome.checks) {
    rows.push_back({"", "", measured_text(check.measured), check.bound, check.outcome});
    if (outcome.checks.size() > 1) rows.back().measured = check.id + ": " + rows.back().measured;
  }
  if (rows.empty()) {
    rows.push_back({"", "", "\u2013", outcome.problem, std::string(name(outcome.verdict()))});
  }
  rows.front().claim = outcome.sentence;
  rows.front().source = outcome.source;
  return rows;
}

std::string stacked(const std::vector<ClaimOutcome>& outcomes, std::size_t width, bool color) {
  std::string out;
  for (const auto& outcome : outcomes) {
    for (const auto& line : wrapped(outcome.sentence, width)) out += line + "\n";
    out += "  source   " + printable(outcome.source) + "\n";
    for (const auto& row : rows_of(outcome)) {
      out += "  measured " + printable(row.measured) + "\n  bound    " + printable(row.bound) +
             "\n  verdict  " + colored(row.verdict, row.verdict, color) + "\n";
    }
    out += "\n";
  }
  return out;
}

}  // namespace

ClaimVerdict ClaimOutcome::verdict() const {
  const auto any = [&](std::string_view word) {
    return std::any_of(checks.begin(), checks.end(),
                       [&](const ReportCheck& check) { return check.outcome == word; });
  };
  if (!problem.empty() || checks.empty() || any("fail")) return ClaimVerdict::fail;
  const bool all = std::all_of(checks.begin(), checks.end(),
                               [](const ReportCheck& check) { return check.outcome == "pass"; });
  return all ? ClaimVerdict::pass : ClaimVerdict::inconclusive;
}

std::string claims_sentence(const std::vector<ClaimOutcome>& outcomes) {
  const auto n = outcomes.size(), passed = count_of(outcomes, ClaimVerdict::pass),
             open = count_of(outcomes, ClaimVerdict::inconclusive);
  if (n == 0) return "No claims were checked.";
  if (passed == n)
    return n == 1 ? "The claim holds." : "All " + std::to_string(n) + " claims hold.";
  std::string text = std::to_string(passed) + " of " + std::to_string(n) +
                     (n == 1 ? " claim holds" : " claims hold");
  if (n - passed - open > 0) text += ", " + std::to_string(n - passed - open) + " failed";
  if (open > 0) text += ", " + std::to_string(open) + " could not be decided";
  return text + ".";
}

std::string claims_table(const std::vector<ClaimOutcome>& outcomes, std::size_t width, bool color) {
  if (width < 72) return stacked(outcomes, std::max<std::size_t>(width, 20), color);
  constexpr std::size_t gap = 2, verdict_width = 12;
  // Source, measured and bound take what they need up to a share; the sentence gets the rest.
  std::size_t source = 6, measured = 8, bound = 5;
  for (const auto& outcome : outcomes) {
    for (const auto& row : rows_of(outcome)) {
      source = std::max(source, text_length(row.source));
      measured = std::max(measured, text_length(row.measured));
      bound = std::max(bound, text_length(row.bound));
    }
  }
  source = std::min(source, std::max<std::size_t>(width / 8, 10));
  measured = std::min(measured, width * 23 / 100);
  bound = std::min(bound, width * 20 / 100);
  const std::size_t fixed = source + measured + bound + verdict_width + 4 * gap;
  const std::size_t claim = width - fixed;
  const std::string space(gap, ' ');
  const auto line = [&](const std::string& c, const std::string& s, const std::string& m,
                        const std::string& b, const std::string& v) {
    std::string text = padded(c, claim) + space + padded(s, source) + space + padded(m, measured) +
                       space + padded(b, bound) + space + v;
    text.erase(text.find_last_not_of(' ') + 1);
    return text + "\n";
  };
  std::string rule;
  for (std::size_t i = 0; i < width; ++i) rule += "\u2500";
  std::string out = line("claim", "source", "measured", "bound", "verdict") + rule + "\n";
  for (const auto& outcome : outcomes) {
    const auto rows = rows_of(outcome);
    const auto sentence = wrapped(outcome.sentence, claim), key = wrapped(outcome.source, source);
    std::size_t printed = 0;
    const auto part = [](const Lines& lines, std::size_t i) {
      return i < lines.size() ? lines[i] : std::string();
    };
    for (const auto& row : rows) {
      const auto m = wrapped(row.measured, measured), b = wrapped(row.bound, bound);
      for (std::size_t i = 0; i < std::max(m.size(), b.size()); ++i, ++printed) {
        out += line(part(sentence, printed), part(key, printed), part(m, i), part(b, i),
                    i == 0 ? colored(row.verdict, row.verdict, color) : "");
      }
    }
    for (; printed < std::max(sentence.size(), key.size()); ++printed) {
      out += line(part(sentence, printed), part(key, printed), "", "", "");
    }
    if (!outcome.problem.empty() && !outcome.checks.empty()) {
      for (const auto& text : wrapped("! " + outcome.problem, width)) out += text + "\n";
    }
    out += "\n";
  }
  return out;
}

std::string claims_json_lines(const std::vector<ClaimOutcome>& outcomes) {
  std::string out;
  for (const auto& outcome : outcomes) {
    nlohmann::ordered_json checks = nlohmann::ordered_json::array();
    for (const auto& check : outcome.checks) {
      checks.push_back({{"id", check.id},
                        {"measured", to_json(check.measured)},
                        {"bound", check.bound},
                        {"verdict", check.outcome},
                        {"note", check.note}});
    }
    const nlohmann::ordered_json object = {{"file", outcome.file.generic_string()},
                                           {"claim", outcome.sentence},
                                           {"source", outcome.source},
                                           {"kind", name(outcome.kind)},
                                           {"verdict", name(outcome.verdict())},
                                           {"problem", outcome.problem},
                                           {"checks", checks}};
    out += object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  }
  return out;
}

int claims_exit_status(const std::vector<ClaimOutcome>& outcomes) {
  return !outcomes.empty() && count_of(outcomes, ClaimVerdict::pass) == outcomes.size() ? 0 : 6;
}

}  // namespace pushforward::runner
