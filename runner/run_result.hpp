/// The outcome of a run, as the runner judges and stores it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runner/check_spec.hpp"
#include "runner/context.hpp"
#include "runner/report.hpp"
#include "runner/stage_work.hpp"

namespace pushforward::runner {

enum class Verdict { ok, not_converged, check_failed, inconclusive, interrupted, failed };
constexpr std::array<std::string_view, 6> enum_names(Verdict) {
  return {"ok", "not_converged", "check_failed", "inconclusive", "interrupted", "failed"};
}

/// Why a run stops before its end.
enum class Stop { no, interrupt, terminate, time_limit };

struct NamedScalar {
  std::string name;
  Scalar scalar;
};

struct NamedArray {
  std::string name;
  Matrix values;  ///< d x n
  std::string unit;
  std::string description;
};

enum class CheckVerdict {
  pass,
  fail,
  inconclusive,
  skipped  ///< its `when` does not hold for this config
};
constexpr std::array<std::string_view, 4> enum_names(CheckVerdict) {
  return {"pass", "fail", "inconclusive", "skipped"};
}

struct CheckOutcome {
  std::string id;
  std::string quantity;
  double value = not_known;
  double standard_error = not_known;
  std::string bound;  ///< "at most 0.005", "slope 1 within 0.1"
  CheckVerdict verdict = CheckVerdict::inconclusive;
  std::string note;  ///< why, unless it passed plainly
};

struct StageTime {
  std::string name;
  StageWork work;
  bool restored = false;  ///< the time was spent before the run was interrupted
};

/// The numbers of another run that checks compare with.
struct OtherRun {
  std::string label;  ///< OtherQuantity::run_label()
  bool converged = true;
  std::vector<NamedScalar> scalars;
};

struct RunResult {
  Stop stopped = Stop::no;
  bool complete = true;             ///< false: interrupted before the task's end
  std::string status = "complete";  ///< the main solver's own word
  bool converged = true;
  std::int64_t iterations = 0;
  double residual = not_known;
  std::vector<NamedScalar> scalars;
  std::vector<NamedArray> arrays;
  std::vector<ReportSection> sections;
  std::vector<std::string> warnings;
  std::vector<int> warning_counts;  ///< how often each came since the run was begun or resumed
  std::vector<CheckOutcome> checks;
  std::vector<StageTime> times;
  std::vector<OtherRun> others;  ///< what checks compare with, besides this run
  Verdict verdict = Verdict::ok;

  const Scalar* find(std::string_view name) const;
  /// result.json: everything that must be the same for the same inputs, nothing else.
  Json json() const;
};

/// Judges each check by the scalars of the result.
std::vector<CheckOutcome> evaluate(const std::vector<CheckSpec>& checks, const RunResult& result);

/// The standard errors that a check allows where its config does not say: a false alarm once in
/// a million (two-sided normal quantile of 1e-6).
inline constexpr double default_z = 4.891638475698895;

}  // namespace pushforward::runner
