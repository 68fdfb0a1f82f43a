/// What is wrong, where, and what would be right: the one form in which problems reach the user.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "runner/json.hpp"

namespace pushforward::runner {

/// One problem. Codes: E2xx text, E3xx keys and values, E4xx data, E5xx numerics, E7xx resources,
/// E8xx checkpoints, E9xx ours.
struct Finding {
  std::string code;
  std::string pointer;     ///< JSON pointer into the config; empty for the whole or for no config.
  std::string text;        ///< The sentence; may have several lines.
  Position where = {};     ///< In the source it names; line 0 if unknown.
  std::string place = {};  ///< Replaces the file name when the problem is not in a config.
};

/// The problems of one pass, with the names of the files that positions refer to.
class Findings {
 public:
  std::vector<std::string> sources;

  void add(Finding finding) {
    if (all_.size() < kept) {
      all_.push_back(std::move(finding));
    } else {
      ++more_;
    }
  }
  bool empty() const { return all_.empty(); }
  std::size_t size() const { return all_.size() + more_; }
  /// By file, line and column; those without a position last, in order of discovery.
  std::vector<Finding> sorted() const;
  std::string file_of(const Finding& finding) const;
  /// Text for people: at most `limit` problems, then "and N more".
  std::string text(std::size_t limit = 20) const;
  /// One JSON object a line, all of them.
  std::string json_lines() const;
  /// 3 for a bad config, 4 for bad data, 7 for resources; the worst wins in that order.
  int exit_status() const;

 private:
  static constexpr std::size_t kept = 1000;  // the rest of a hostile file is only counted
  std::vector<Finding> all_;
  std::size_t more_ = 0;
};

/// Thrown by what cannot go on; carries everything that was found.
class Refused : public std::runtime_error {
 public:
  explicit Refused(Findings findings)
      : std::runtime_error(findings.text()), findings_(std::move(findings)) {}
  /// One problem that belongs to no config file; `place` says what it is about.
  Refused(std::string code, std::string place, std::string text, int exit_status);
  const Findings& findings() const { return findings_; }
  int exit_status() const { return exit_status_ ? exit_status_ : findings_.exit_status(); }

 private:
  Findings findings_;
  int exit_status_ = 0;
};

/// Edits between two words, a swap of neighbours counting one (optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate nearest to `word` if it is within max(1, length / 3) edits.
std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string>& candidates);

/// What other libraries call the things we have keys for: "reg" -> "epsilon".
std::vector<std::string> synonyms(std::string_view word);

/// A value for a message, cut at 60 characters: `the string "ten"`, `-0.1`, `a list of 3 numbers`.
std::string shown_value(const Json& value);

/// `"a", "b" or "c"`.
std::string either(const std::vector<std::string>& words);

}  // namespace pushforward::runner
