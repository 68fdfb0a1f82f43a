/// Runs a plan. Everything that is outside of the numbers - files, signals, text - is the host's.
#pragma once

#include "runner/checkpoint.hpp"
#include "runner/config.hpp"
#include "runner/run_result.hpp"

namespace pushforward::runner {

/// What surrounds a run. The default host watches nothing and stores nothing.
class RunHost {
 public:
  virtual ~RunHost() = default;
  /// A stage begins, or is handed back from the checkpoint.
  virtual void stage(std::string_view, bool /*restored*/) {}
  virtual void progress(const Progress&) {}
  /// Asked at every step: whether to stop.
  virtual Stop stop() { return Stop::no; }
  /// Asked at every step that can be saved: whether to save now.
  virtual bool checkpoint_due() { return false; }
  /// `checkpoint.build_id` is the host's to fill.
  virtual void save(Checkpoint&) {}
  /// The task has come to its end; a larger budget would go on from `end`.
  virtual void completed(const Checkpoint& /*end*/) {}
  virtual void metric(const std::string& /*line*/) {}
  virtual void warning(const std::string&) {}
};

/// Runs the task of `plan`, from `resumed` on if there is one, and judges its checks. A run that
/// the host stops has been saved, and comes back with `complete` false.
/// @throws Refused (exit status 5) for a numerical failure, with what the task said
RunResult execute(const RunPlan& plan, RunHost& host, const Checkpoint* resumed = nullptr);

/// 0, 5, 6, 75, 130 or 143.
int exit_status(const RunResult& result, const RunPlan& plan);

}  // namespace pushforward::runner
