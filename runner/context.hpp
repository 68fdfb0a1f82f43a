/// What a task sees of the run it is part of: seed, threads, data, stages, and where results go.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pushforward/core/report.hpp"
#include "pushforward/core/rng.hpp"
#include "pushforward/core/types.hpp"

#include "runner/figure.hpp"
#include "runner/json.hpp"

namespace pushforward {
class DiscreteMeasure;
}

namespace pushforward::runner {

/// Named matrices, numbers, counts and texts: what a checkpoint can hold. Restored bit by bit.
struct Bundle {
  std::map<std::string, Matrix> arrays;
  std::map<std::string, double> numbers;
  std::map<std::string, std::int64_t> counts;
  std::map<std::string, std::string> texts;
  bool empty() const {
    return arrays.empty() && numbers.empty() && counts.empty() && texts.empty();
  }
};

/// A number of the result. `standard_error` and `expected` are NaN where not known.
struct Scalar {
  double value = not_known;
  double standard_error = not_known;
  std::string unit = {};
  std::string description = {};
  double expected = not_known;  ///< closed form, where there is one
  bool detail = false;          ///< one of many: in result.json, but no headline
};

/// A reference "@name" to an entry of `data` in the config.
struct DataReference {
  std::string name;
};

/// One deterministic part of a run whose outcome is checkpointed.
class Stage {
 public:
  virtual ~Stage() = default;

  /// The state that this stage saved in the run being resumed; nullptr if it starts afresh.
  virtual const Bundle* restored() const = 0;

  /// To be called at every step, at least every two seconds, from the thread that called the stage.
  /// `state` is asked for the solver's state when a checkpoint is due; from it, the stage must go
  /// on to the same bits. Without it, or if it is empty, an interrupted stage starts again from its
  /// beginning. Leaves by an exception, which must pass through, when the run is to stop.
  virtual void poll(const Progress& progress, const std::function<Bundle()>& state = {}) = 0;

  /// To be called with the state of a stage that is about to end only because its budget is spent:
  /// with a larger budget (Task::budgets), a resumed run goes on from there, to the same bits as if
  /// it had asked for that budget from the start. An empty state begins the stage again.
  virtual void budget_spent(Bundle state) = 0;

  /// For solvers that take an observer: shows progress, and returns false when the run is to stop.
  /// What the solver then returns is discarded, and the stage starts afresh on resume.
  virtual Observer observer() = 0;

  /// Appends one line of numbers to metrics.jsonl; the time of each is in timing.json.
  virtual void record(std::initializer_list<std::pair<std::string_view, double>> numbers) = 0;

  /// Adds to how often the stage called what it spends its time on ("denoiser", "passes over all
  /// pairs"): calls and calls a second are in timing.json.
  virtual void calls(std::string_view what, double count) = 0;

  /// A warning for the result; the same text is kept once.
  virtual void warn(std::string text) = 0;
};

/// Everything a task may use. Outside of stages a task must be quick and deterministic: on resume
/// it runs again from the top, with the finished stages' outcomes handed back at once.
class RunContext {
 public:
  virtual ~RunContext() = default;

  virtual std::uint64_t seed() const = 0;
  RngKey key(Draw purpose) const { return {.seed = seed(), .purpose = purpose}; }
  virtual int threads() const = 0;  ///< For the `threads` field of options.

  /// The data entry that a config field refers to.
  virtual const DiscreteMeasure& data(const DataReference& reference) const = 0;
  /// Where that entry is a colour picture, its width in pixels: points are the colours from 0 to
  /// 255, row by row from the top. Else 0.
  virtual Index picture_width(const DataReference& reference) const = 0;

  /// The outcome of the stage `name` (unique within the run), computed now or restored.
  virtual const Bundle& stage(std::string_view name,
                              const std::function<Bundle(Stage&)>& compute) = 0;

  virtual void scalar(std::string_view name, Scalar scalar) = 0;
  /// A matrix of the result, d x n; arrays/<name>.npy holds it as n rows of d.
  virtual void array(std::string_view name, const Matrix& values, std::string_view unit = {},
                     std::string_view description = {}) = 0;
  /// Starts a part of the report: what follows in tables and figures belongs to it. Paragraphs are
  /// plain text with `code` in backticks and **bold** in stars.
  virtual void section(std::string title, std::vector<std::string> paragraphs = {}) = 0;
  virtual void figure(Figure figure) = 0;
  virtual void table(Table table) = 0;
  virtual void warn(std::string text) = 0;

  /// How the task's main solver ended. Without a call the task counts as complete.
  virtual void finish(const SolveReport& report) = 0;
};

}  // namespace pushforward::runner
