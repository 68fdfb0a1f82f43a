// Checks that compare with other runs, and checks that are made under a condition only.
#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "tests/runner/toy_runs.hpp"

using namespace pushforward::runner;
using namespace pushforward::runner::test;
namespace fs = std::filesystem;

namespace {

/// The walk with steps of 0.1, where 0.05 is the default: its noise is the same, its norm is twice
/// that of the walk without the key.
RunPlan plan_with(const std::string& checks, const fs::path& folder = ".") {
  static const Registry registry = toy_registry();
  return load_config_text(R"({"version": 1, "task": "test.walk", "name": "walk", "seed": 5,)"
                          R"( "solver": {"steps": 60, "work": 500, "epsilon": 0.1}, "checks": [)" +
                              checks + "]}",
                          "walk.json", registry, {.folder = folder});
}

std::string refused_text(const std::string& checks) {
  return refusal([&] { plan_with(checks); }).findings().text();
}

CheckOutcome judged(const std::string& check) {
  const RunPlan plan = plan_with(check);
  RunHost host;
  const RunResult result = execute(plan, host);
  REQUIRE(result.checks.size() == 1);
  return result.checks.front();
}

/// Stops at the k-th question whether to stop and keeps the last checkpoint.
class StoppingHost final : public RunHost {
 public:
  explicit StoppingHost(int stop_at) : left_(stop_at) {}
  Stop stop() override { return left_-- == 0 ? Stop::interrupt : Stop::no; }
  void save(Checkpoint& checkpoint) override { saved = checkpoint_bytes(checkpoint); }
  std::string saved;

 private:
  int left_;
};

}  // namespace

TEST_CASE("other runs: a quantity is compared with the same config without a key") {
  const CheckOutcome above = judged(
      R"({"quantity": "norm", "above": {"run": "same_without", "remove": "/solver/epsilon"}})");
  CHECK(above.verdict == CheckVerdict::pass);
  CHECK(above.bound.starts_with("above norm of the run without /solver/epsilon = "));
  const CheckOutcome below = judged(
      R"({"quantity": "norm", "below": {"run": "same_without", "remove": "/solver/epsilon"}})");
  CHECK(below.verdict == CheckVerdict::fail);
  const auto equal_within = [&](const std::string& tolerance) {
    return judged(R"({"quantity": "norm", "equals": {"run": "same_without",)"
                  R"( "remove": "/solver/epsilon"}, "rel_tol": )" +
                  tolerance + "}")
        .verdict;
  };
  // Twice the other norm: off by once that norm.
  CHECK(equal_within("1.001") == CheckVerdict::pass);
  CHECK(equal_within("0.999") == CheckVerdict::fail);
  const CheckOutcome missing =
      judged(R"({"quantity": "norm", "below": {"run": "same_without",)"
             R"( "remove": "/solver/epsilon", "quantity": "coordinate_9"}})");
  CHECK(missing.verdict == CheckVerdict::fail);
  CHECK(
      missing.note.starts_with("the run without /solver/epsilon has no quantity \"coordinate_9\""));
}

TEST_CASE("other runs: a run that is stopped in its comparison resumes to the same result") {
  const RunPlan plan = plan_with(
      R"({"quantity": "norm", "above": {"run": "same_without", "remove": "/solver/epsilon"}})");
  RunHost undisturbed;
  const RunResult whole = execute(plan, undisturbed);
  CHECK(whole.times.size() == 6);
  CHECK(whole.times.back().name == "without /solver/epsilon: mean");
  CHECK(whole.warnings.size() == 4);  // two of each run
  int stopped = 0;
  for (const int instant : {40, 70, 90, 120}) {
    StoppingHost host(instant);
    if (execute(plan, host).complete) continue;
    ++stopped;
    const Checkpoint checkpoint = parse_checkpoint(host.saved);
    RunHost again;
    CHECK(execute(plan, again, &checkpoint).json().pretty() == whole.json().pretty());
  }
  CHECK(stopped == 4);
}

TEST_CASE("other runs: a quantity is compared with a stored run, which is an input like a file") {
  const TemporaryFolder scratch;
  const RunPlan plain = plan_with(R"({"quantity": "norm", "min": 0})");
  run_in_new_folder(plain, into(scratch.path / "stored"));
  const std::string same = R"({"quantity": "norm", "equals": {"run": "stored"}, "rel_tol": 1e-15})";
  const RunPlan plan = plan_with(same, scratch.path);
  REQUIRE(plan.files.size() == 1);
  CHECK(plan.files.front().entry == "/checks/0/equals/run");
  const FinishedRun run = run_in_new_folder(plan, into(scratch.path / "run"));
  CHECK(run.exit_status == 0);
  CHECK(run.result.checks.front().bound.starts_with("norm of the run stored = "));
  // Another result there is another input.
  run_in_new_folder(toy_plan(), into(scratch.path / "other"));
  const std::string before = plan.inputs_hash();
  fs::remove_all(scratch.path / "stored");
  fs::rename(scratch.path / "other", scratch.path / "stored");
  CHECK(plan_with(same, scratch.path).inputs_hash() != before);
}

TEST_CASE("other runs: what cannot be compared with is refused before the run") {
  const auto without = [](const std::string& pointer) {
    return R"({"quantity": "norm", "below": {"run": "same_without", "remove": ")" + pointer +
           R"("}})";
  };
  CHECK(refused_text(without("/solver/epsilno"))
            .find("must point to a key below /problem or /solver, found \"/solver/epsilno\"") !=
        std::string::npos);
  CHECK(refused_text(without("/runtime/threads")).find("below /problem or /solver") !=
        std::string::npos);
  CHECK(refused_text(without("/solver/laps"))
            .find("/solver/laps has its default value, so that the run without it is the same "
                  "run") != std::string::npos);
  CHECK(refused_text(R"({"quantity": "norm", "below": {"run": "same_without"}})")
            .find("{\"run\": \"same_without\", \"remove\": POINTER} or {\"run\": FOLDER}") !=
        std::string::npos);
  CHECK(refused_text(R"({"quantity": "norm", "below": {"run": "nowhere"}})")
            .find("\"nowhere\" is not the folder of a run") != std::string::npos);
  CHECK(refused_text(R"({"quantity": "norm", "below": {"run": "../../../.."}})")
            .find("--allow-outside") != std::string::npos);
}

TEST_CASE("checks: one whose condition does not hold is skipped and said to be") {
  const CheckOutcome made =
      judged(R"({"quantity": "norm", "min": 0, "when": {"/solver/epsilon": 0.1}})");
  CHECK(made.verdict == CheckVerdict::pass);
  const std::string skipped =
      R"({"quantity": "norm", "max": 0, "when": {"/solver/epsilon": 0.1, "/solver/steps": 61}})";
  const CheckOutcome outcome = judged(skipped);
  CHECK(outcome.verdict == CheckVerdict::skipped);
  CHECK(outcome.note == "made only when {\"/solver/epsilon\": 0.1, \"/solver/steps\": 61}");
  // The short form of a union is its type.
  CHECK(judged(R"({"quantity": "norm", "max": 0, "when": {"/problem/source": "uniform_box"}})")
            .verdict == CheckVerdict::skipped);
  CHECK(judged(R"({"quantity": "norm", "max": 0, "when": {"/problem/source": "gaussian"}})")
            .verdict == CheckVerdict::fail);
  const TemporaryFolder scratch;
  const FinishedRun run = run_in_new_folder(plan_with(skipped), into(scratch.path / "run"));
  CHECK(run.exit_status == 0);
  CHECK(run.result.verdict == Verdict::ok);
  CHECK(read_file(run.folder / "report.html").find("skipped") != std::string::npos);
  CHECK(refused_text(R"({"quantity": "norm", "max": 0, "when": {"/solver/stps": 1}})")
            .find("the config has no /solver/stps to compare with") != std::string::npos);
  CHECK(refused_text(R"({"quantity": "norm", "max": 0, "when": {"solver": 1}})")
            .find("an object of JSON pointers") != std::string::npos);
}
