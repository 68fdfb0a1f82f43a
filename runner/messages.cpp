#include "runner/messages.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace pushforward::runner {

namespace {

std::string heading(const Findings& findings, const Finding& finding) {
  std::string line = "error " + finding.code;
  const std::string file = findings.file_of(finding);
  if (!file.empty()) line += " " + file;
  if (finding.where.line > 0) {
    line += ":" + std::to_string(finding.where.line) + ":" + std::to_string(finding.where.column);
  }
  if (!finding.pointer.empty()) line += " at " + finding.pointer;
  return line;
}

std::string indented(const std::string& text) {
  std::string out = "  ";
  for (const char c : text) {
    out += c;
    if (c == '\n') out += "  ";
  }
  return out;
}

}  // namespace

std::vector<Finding> Findings::sorted() const {
  std::vector<Finding> result = all_;
  std::stable_sort(result.begin(), result.end(), [](const Finding& a, const Finding& b) {
    if ((a.where.line > 0) != (b.where.line > 0)) return a.where.line > 0;
    return a.where < b.where;
  });
  return result;
}

std::string Findings::file_of(const Finding& finding) const {
  if (!finding.place.empty()) return finding.place;
  const auto index = static_cast<std::size_t>(finding.where.source);
  if (finding.where.line == 0 || index >= sources.size()) return {};
  return sources[index];
}

std::string Findings::text(std::size_t limit) const {
  std::string out;
  std::size_t shown = 0;
  for (const Finding& finding : sorted()) {
    if (shown++ == limit) break;
    out += heading(*this, finding) + "\n" + indented(finding.text) + "\n";
  }
  if (size() > limit) out += "and " + std::to_string(size() - limit) + " more\n";
  return out;
}

std::string Findings::json_lines() const {
  std::string out;
  for (const Finding& finding : sorted()) {
    Json line = Json::object();
    line.set("code", finding.code);
    line.set("file", file_of(finding));
    if (finding.where.line > 0) {
      line.set("line", finding.where.line);
      line.set("column", finding.where.column);
    }
    line.set("pointer", finding.pointer);
    line.set("message", finding.text);
    out += line.compact() + "\n";
  }
  return out;
}

int Findings::exit_status() const {
  const auto any = [&](char kind) {
    return std::any_of(all_.begin(), all_.end(),
                       [&](const Finding& f) { return f.code.size() > 1 && f.code[1] == kind; });
  };
  if (all_.empty()) return 0;
  if (any('2') || any('3')) return 3;
  if (any('4')) return 4;
  if (any('7')) return 7;
  if (any('8')) return 8;
  return any('5') ? 5 : 1;
}

Refused::Refused(std::string code, std::string place, std::string text, int exit_status)
    : Refused([&] {
        Findings findings;
        findings.add({.code = std::move(code),
                      .pointer = {},
                      .text = std::move(text),
                      .place = std::move(place)});
        return findings;
      }()) {
  exit_status_ = exit_status;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  // Rows i - 2, i - 1 and i of the table of distances between prefixes.
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), now(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        now[j] = std::min(now[j], before[j - 2] + 1);
      }
    }
    std::swap(before, last);
    std::swap(last, now);
  }
  return last[b.size()];
}

std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string>& candidates) {
  // Longer words are no typing slip of anything, and would cost quadratic time.
  if (word.size() > 200) return std::nullopt;
  std::optional<std::string> best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::vector<std::string> synonyms(std::string_view word) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 34> table{{
      {"reg", "epsilon"},
      {"blur", "epsilon"},
      {"eps", "epsilon"},
      {"regularization", "epsilon"},
      {"n_iter", "max_iterations"},
      {"numItermax", "max_iterations"},
      {"max_iter", "max_iterations"},
      {"maxiter", "max_iterations"},
      {"iterations", "max_iterations"},
      {"stopThr", "tolerance"},
      {"tol", "tolerance"},
      {"threshold", "tolerance"},
      {"num_samples", "samples"},
      {"n_samples", "samples"},
      {"num_steps", "steps"},
      {"n_steps", "steps"},
      {"num_inference_steps", "steps"},
      {"batch_size", "batch"},
      {"lr", "step_size"},
      {"learning_rate", "step_size"},
      {"std", "standard_deviation"},
      {"sigma", "standard_deviation"},
      {"scale", "standard_deviation"},
      {"n_components", "components"},
      {"num_components", "components"},
      {"random_state", "seed"},
      {"rng", "seed"},
      {"n_jobs", "threads"},
      {"num_threads", "threads"},
      {"metric", "cost"},
      {"loc", "mean"},
      {"dimension", "dim"},
      {"num_atoms", "atoms"},
      {"n_neighbors", "neighbours"},
  }};
  std::vector<std::string> found;
  for (const auto& [theirs, ours] : table) {
    if (theirs == word) found.emplace_back(ours);
  }
  return found;
}

std::string shown_value(const Json& value) {
  const auto cut = [](std::string text) {
    constexpr std::size_t limit = 60;
    if (text.size() <= limit) return text;
    std::size_t end = limit - 3;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return text.substr(0, end) + "...";
  };
  switch (value.kind()) {
    case Json::Kind::null:
      return "null";
    case Json::Kind::boolean:
      return value.boolean() ? "true" : "false";
    case Json::Kind::number:
      return json_number(value.number());
    case Json::Kind::string:
      return "the string " + cut(json_string(value.string()));
    case Json::Kind::list: {
      const auto& items = value.items();
      if (items.empty()) return "an empty list";
      const auto all = [&](Json::Kind kind) {
        return std::all_of(items.begin(), items.end(),
                           [&](const Json& item) { return item.kind() == kind; });
      };
      const std::string one = items.size() == 1 ? "" : "s";
      const std::string noun = all(Json::Kind::number)   ? "number"
                               : all(Json::Kind::string) ? "string"
                                                         : "value";
      return "a list of " + std::to_string(items.size()) + " " + noun + one;
    }
    case Json::Kind::object:
      return value.members().empty() ? "an empty object" : "an object";
  }
  return {};
}

std::string either(const std::vector<std::string>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
    out += json_string(words[i]);
  }
  return out;
}

}  // namespace pushforward::runner
