#include "runner/execute.hpp"

#include <algorithm>
#include <set>

#include "pushforward/core/measure.hpp"

#ifdef _OPENMP
#include <omp.h>
#endif

namespace pushforward::runner {

namespace {

constexpr int exit_checkpoint = 8;

/// Unwinds a task whose run is to stop; everything worth keeping has been saved.
struct Stopped {
  Stop reason;
};

class Session final : public RunContext {
 public:
  Session(const RunPlan& plan, RunHost& host, const Checkpoint* resumed)
      : plan_(plan), host_(host) {
    if (resumed != nullptr) {
      restored_ = *resumed;
      done_.metrics_bytes = resumed->metrics_bytes;
      done_.mixed_build = resumed->mixed_build;
    }
    done_.resume_hash = plan.resume_hash();
    for (const auto& text : plan.warnings) warn(text);
  }

  /// Runs the task once more with another config, its stages named after `label`; checks compare
  /// with the numbers that come back.
  OtherRun run_again(const Json& resolved, const std::string& label) {
    RunResult again;
    std::swap(result_, again);
    prefix_ = label + ": ";
    try {
      plan_.task->run(resolved, *this);
    } catch (...) {
      std::swap(result_, again);
      throw;
    }
    prefix_.clear();
    std::swap(result_, again);
    for (auto& time : again.times) result_.times.push_back(std::move(time));
    for (const auto& text : again.warnings) warn(label + ": " + text);
    return {.label = label, .converged = again.converged, .scalars = std::move(again.scalars)};
  }

  std::uint64_t seed() const override { return plan_.seed; }
  int threads() const override { return plan_.runtime.threads.count; }

  const DiscreteMeasure& data(const DataReference& reference) const override {
    const DiscreteMeasure* measure = plan_.data.find(reference);
    require(measure != nullptr, "RunContext", "data", std::string_view(reference.name),
            "an entry of \"data\"");
    return *measure;
  }

  Index picture_width(const DataReference& reference) const override {
    return plan_.data.picture_width(reference);
  }

  const Bundle& stage(std::string_view name, const std::function<Bundle(Stage&)>& compute) override;

  void scalar(std::string_view name, Scalar scalar) override {
    require(result_.find(name) == nullptr, "RunContext", "scalar", name, "a name not used before");
    result_.scalars.push_back({std::string(name), std::move(scalar)});
  }
  void array(std::string_view name, const Matrix& values, std::string_view unit,
             std::string_view description) override {
    const bool taken = std::any_of(result_.arrays.begin(), result_.arrays.end(),
                                   [&](const NamedArray& array) { return array.name == name; });
    require(!taken, "RunContext", "array", name, "a name not used before");
    result_.arrays.push_back(
        {std::string(name), values, std::string(unit), std::string(description)});
  }
  void section(std::string title, std::vector<std::string> paragraphs) override {
    result_.sections.push_back({std::move(title), std::move(paragraphs), {}, {}});
  }
  void figure(Figure figure) override {
    figure.validate();
    open_section().figures.push_back(std::move(figure));
  }
  void table(Table table) override {
    table.validate();
    open_section().tables.push_back(std::move(table));
  }
  void warn(std::string text) override {
    auto& warnings = result_.warnings;
    const auto known = std::find(warnings.begin(), warnings.end(), text);
    if (known != warnings.end()) {
      ++result_.warning_counts[static_cast<std::size_t>(known - warnings.begin())];
      return;
    }
    host_.warning(text);
    warnings.push_back(std::move(text));
    result_.warning_counts.push_back(1);
  }
  void finish(const SolveReport& report) override {
    result_.status = std::string(pushforward::name(report.termination));
    result_.converged = report.converged;
    result_.iterations = report.iterations;
    result_.residual = report.residual;
  }

  RunResult& result() { return result_; }
  Checkpoint& done() { return done_; }

 private:
  friend class ActiveStage;

  ReportSection& open_section() {
    if (result_.sections.empty()) result_.sections.push_back({"Results", {}, {}, {}});
    return result_.sections.back();
  }

  void keep_time(const FinishedStage& stage, bool restored) {
    result_.times.push_back({stage.name, stage.work, restored});
  }

  const RunPlan& plan_;
  RunHost& host_;
  std::optional<Checkpoint> restored_;  // what of the resumed run has not been handed back yet
  std::size_t handed_back_ = 0;
  Checkpoint done_;
  std::set<std::string> names_;
  bool inside_ = false;
  std::string prefix_;  // of the stages' names
  RunResult result_;
};

/// What `threads = 0` means to the solvers while this lives: the run's own number of threads.
class OpenMpThreads {
 public:
#ifdef _OPENMP
  explicit OpenMpThreads(int count) : before_(omp_get_max_threads()) {
    if (count > 0) omp_set_num_threads(count);
  }
  ~OpenMpThreads() { omp_set_num_threads(before_); }
  OpenMpThreads(const OpenMpThreads&) = delete;
  OpenMpThreads& operator=(const OpenMpThreads&) = delete;

 private:
  int before_;
#else
  explicit OpenMpThreads(int /*count*/) {}
#endif
};

class ActiveStage final : public Stage {
 public:
  ActiveStage(Session& session, std::string name)
      : session_(session), name_(std::move(name)), start_of_metrics_(session.done_.metrics_bytes) {
    auto& restored = session_.restored_;
    if (restored && restored->current == name_ && restored->state && !restored->state->empty()) {
      state_ = std::move(restored->state);
      watch = StageWatch(std::move(restored->work));
      warnings = restored->warnings;
      for (const auto& text : warnings) session_.warn(text);
    }
    // Only the first stage that really runs can have state from before.
    restored.reset();
  }

  const Bundle* restored() const override { return state_ ? &*state_ : nullptr; }

  void poll(const Progress& progress, const std::function<Bundle()>& state) override {
    RunHost& host = session_.host_;
    Progress shown = progress;
    if (shown.phase.empty()) shown.phase = name_;
    watch.polled(progress.done);
    host.progress(shown);
    const Stop stop = host.stop();
    const bool save = stop != Stop::no || (state && host.checkpoint_due());
    if (save) {
      Checkpoint& checkpoint = session_.done_;
      checkpoint.current = name_;
      if (state) checkpoint.state = state();
      if (checkpoint.state && !checkpoint.state->empty()) {
        checkpoint.warnings = warnings;
        checkpoint.work = watch.so_far();
        host.save(checkpoint);
        checkpoint.state.reset();
      } else {
        checkpoint.state.reset();
        save_afresh();
      }
    }
    if (stop != Stop::no) throw Stopped{stop};
  }

  void budget_spent(Bundle state) override {
    BudgetEnd end{
        .state = std::move(state), .warnings = {}, .metrics_bytes = start_of_metrics_, .work = {}};
    if (!end.state.empty()) {
      end.warnings = warnings;
      end.metrics_bytes = session_.done_.metrics_bytes;
      end.work = watch.so_far();
    }
    budget_end = std::make_shared<const BudgetEnd>(std::move(end));
  }

  Observer observer() override {
    return [this](const Progress& progress) {
      Progress shown = progress;
      if (shown.phase.empty()) shown.phase = name_;
      watch.polled(progress.done);
      session_.host_.progress(shown);
      if (stop_ == Stop::no) stop_ = session_.host_.stop();
      return stop_ == Stop::no;
    };
  }

  void record(std::initializer_list<std::pair<std::string_view, double>> numbers) override {
    Json line = Json::object();
    line.set("stage", name_);
    for (const auto& [key, value] : numbers) line.set(key, value);
    const std::string text = line.compact();
    session_.host_.metric(text);
    session_.done_.metrics_bytes += text.size() + 1;  // and the end of the line
    watch.recorded();
  }

  void calls(std::string_view what, double count) override { watch.calls(what, count); }

  void warn(std::string text) override {
    session_.warn(text);
    if (std::find(warnings.begin(), warnings.end(), text) != warnings.end()) return;
    warnings.push_back(std::move(text));
  }

  /// Ends a stage whose solver was stopped through the observer: its outcome is not the stage's.
  void check_stopped() {
    if (stop_ == Stop::no) return;
    save_afresh();
    throw Stopped{stop_};
  }

  std::vector<std::string> warnings;
  std::shared_ptr<const BudgetEnd> budget_end;
  StageWatch watch;

 private:
  /// Saves the run as it was before this stage: its warnings and metrics will come again.
  void save_afresh() {
    Checkpoint before = session_.done_;
    before.current.clear();
    before.warnings.clear();
    before.metrics_bytes = start_of_metrics_;
    session_.host_.save(before);
  }

  Session& session_;
  std::string name_;
  std::uint64_t start_of_metrics_;
  std::optional<Bundle> state_;
  Stop stop_ = Stop::no;
};

const Bundle& Session::stage(std::string_view given, const std::function<Bundle(Stage&)>& compute) {
  const std::string name = prefix_ + std::string(given);
  require(!inside_, "RunContext", "stage", std::string_view(name), "not inside another stage");
  require(names_.insert(name).second, "RunContext", "stage", std::string_view(name),
          "a name not used before");
  if (restored_ && handed_back_ < restored_->finished.size()) {
    const FinishedStage& finished = restored_->finished[handed_back_];
    if (finished.name != name) {
      throw Refused("E804", name,
                    "the checkpoint was written by a build whose task has other stages, " +
                        json_string(finished.name) + " in this place; run the config again instead",
                    exit_checkpoint);
    }
    ++handed_back_;
    host_.stage(name, true);
    for (const auto& text : finished.warnings) warn(text);
    keep_time(finished, true);
    done_.finished.push_back(finished);
    return *done_.finished.back().outcome;
  }
  host_.stage(name, false);
  ActiveStage active(*this, name);
  inside_ = true;
  FinishedStage finished{.name = name};
  finished.outcome = std::make_shared<Bundle>(compute(active));
  inside_ = false;
  active.check_stopped();
  finished.warnings = active.warnings;
  finished.budget_end = active.budget_end;
  finished.work = active.watch.so_far();
  keep_time(finished, false);
  done_.finished.push_back(std::move(finished));
  done_.current.clear();
  done_.warnings.clear();
  const Stop stop = host_.stop();
  if (stop != Stop::no || host_.checkpoint_due()) host_.save(done_);
  if (stop != Stop::no) throw Stopped{stop};
  return *done_.finished.back().outcome;
}

Verdict judge(const RunResult& result) {
  if (!result.complete) return Verdict::interrupted;
  const auto any = [&](CheckVerdict verdict) {
    return std::any_of(result.checks.begin(), result.checks.end(),
                       [&](const CheckOutcome& check) { return check.verdict == verdict; });
  };
  if (result.status == "non_finite") return Verdict::failed;
  if (any(CheckVerdict::fail)) return Verdict::check_failed;
  if (!result.converged) return Verdict::not_converged;
  return any(CheckVerdict::inconclusive) ? Verdict::inconclusive : Verdict::ok;
}

}  // namespace

RunResult execute(const RunPlan& plan, RunHost& host, const Checkpoint* resumed) {
  const OpenMpThreads threads(plan.runtime.threads.count);
  Session session(plan, host, resumed);
  try {
    plan.task->run(plan.resolved, session);
    session.result().others = plan.stored_runs;
    for (const Baseline& baseline : plan.baselines) {
      OtherRun other = session.run_again(baseline.resolved, baseline.label);
      session.result().others.push_back(std::move(other));
    }
  } catch (const Stopped& stopped) {
    session.result().stopped = stopped.reason;
    session.result().complete = false;
    session.result().status = stopped.reason == Stop::time_limit ? "time_limit" : "interrupted";
    session.result().converged = false;
  }
  RunResult& result = session.result();
  if (result.complete) {
    result.checks = evaluate(plan.checks, result);
    session.done().complete = true;
    host.completed(session.done());
  }
  result.verdict = judge(result);
  return std::move(result);
}

int exit_status(const RunResult& result, const RunPlan& plan) {
  switch (result.stopped) {
    case Stop::interrupt:
      return 130;
    case Stop::terminate:
      return 143;
    case Stop::time_limit:
      return 75;
    case Stop::no:
      break;
  }
  constexpr int numerical = 5;
  constexpr int check = 6;
  if (result.verdict == Verdict::failed) return numerical;
  if (!result.converged && plan.on_not_converged == OnNotConverged::error) return numerical;
  const bool all_passed =
      std::all_of(result.checks.begin(), result.checks.end(), [](const CheckOutcome& outcome) {
        return outcome.verdict == CheckVerdict::pass || outcome.verdict == CheckVerdict::skipped;
      });
  return all_passed ? 0 : check;
}

}  // namespace pushforward::runner
