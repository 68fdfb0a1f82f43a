// Going on: with a larger budget, under another build, and killed at two hundred instants.
#include <filesystem>
#include <fstream>
#include <signal.h>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <doctest/doctest.h>

#include "runner/provenance.hpp"
#include "tests/runner/toy_runs.hpp"

using namespace pushforward::runner;
using namespace pushforward::runner::test;
namespace fs = std::filesystem;

namespace {

std::string text_of(const Refused& refused) { return refused.findings().sorted().front().text; }

/// Stopped by its time limit before its first step, with a checkpoint that says another build wrote
/// it.
fs::path stopped_run_of_another_build(const fs::path& folder) {
  run_in_new_folder(toy_plan(", \"runtime\": {\"time_limit\": \"1ms\"}"), into(folder));
  FoundCheckpoint found = newest_checkpoint(folder / "checkpoint");
  found.checkpoint.build_id = "0123456789abcdef";
  write_checkpoint(folder / "checkpoint", found.number + 1, 2, found.checkpoint);
  return folder;
}

const std::vector<std::string> no_limit{"/runtime/time_limit=none"};

}  // namespace

TEST_CASE("resume: a finished run with a larger budget has the bytes of a run that asked for it") {
  const TemporaryFolder scratch;
  const Registry registry = toy_registry();
  const FinishedRun run = run_in_new_folder(toy_plan(), into(scratch.path / "run"));
  const auto two_laps = plan_of_run(run.folder, registry, {"/solver/laps=2"});
  const auto three_laps = plan_of_run(run.folder, registry, {"/solver/laps=3"});
  const FinishedRun two = run_in_new_folder(two_laps, into(scratch.path / "two"));
  const FinishedRun three = run_in_new_folder(three_laps, into(scratch.path / "three"));
  REQUIRE(result_files(two.folder) != result_files(run.folder));

  const FinishedRun longer = resume_in_folder(run.folder, registry, {"/solver/laps=2"}, silent);
  CHECK(longer.exit_status == 0);
  CHECK(result_files(run.folder) == result_files(two.folder));
  CHECK(read_file(run.folder / "resolved.json") == read_file(two.folder / "resolved.json"));
  CHECK(longer.result.times.front().restored);       // the increments are not drawn again
  CHECK_FALSE(longer.result.times.back().restored);  // what depends on the walk is computed again
  RunOptions named = silent;
  named.command_line = {"the third"};
  resume_in_folder(run.folder, registry, {"/solver/laps=3"}, named);
  CHECK(result_files(run.folder) == result_files(three.folder));
  resume_in_folder(run.folder, registry, {"/solver/laps=4"}, silent);
  // The provenance keeps who worked on the run before.
  const std::string provenance = read_file(run.folder / "provenance.json");
  const auto earlier = provenance.find("\"earlier\"");
  REQUIRE(earlier != std::string::npos);
  CHECK(provenance.find("the third", earlier) != std::string::npos);
  CHECK(std::distance(fs::directory_iterator(run.folder / "checkpoint"), {}) == 1);
}

TEST_CASE("resume: a stopped run may ask for a larger budget too") {
  const TemporaryFolder scratch;
  const Registry registry = toy_registry();
  const FinishedRun part = run_in_new_folder(toy_plan(", \"runtime\": {\"time_limit\": \"1ms\"}"),
                                             into(scratch.path / "part"));
  REQUIRE(part.exit_status == 75);
  resume_in_folder(part.folder, registry, {"/solver/laps=2", "/runtime/time_limit=none"}, silent);
  const FinishedRun two =
      run_in_new_folder(plan_of_run(part.folder, registry), into(scratch.path / "two"));
  CHECK(two.result.iterations == 120);
  CHECK(result_files(part.folder) == result_files(two.folder));
}

TEST_CASE("resume: what is kept may change, and the bytes are those of a run that kept it") {
  const TemporaryFolder scratch;
  const Registry registry = toy_registry();
  const FinishedRun part = run_in_new_folder(toy_plan(", \"runtime\": {\"time_limit\": \"1ms\"}"),
                                             into(scratch.path / "part"));
  REQUIRE(part.exit_status == 75);
  resume_in_folder(part.folder, registry, {"/output/path=false", "/runtime/time_limit=none"},
                   silent);
  CHECK_FALSE(fs::exists(part.folder / "arrays"));
  const FinishedRun without = run_in_new_folder(toy_plan(", \"output\": {\"path\": false}"),
                                                into(scratch.path / "without"));
  CHECK(result_files(part.folder) == result_files(without.folder));
  CHECK(plan_of_run(part.folder, registry).resolved.at("/output/path")->boolean() == false);
}

TEST_CASE("resume: output that finished stages have looked at may not change") {
  const TemporaryFolder scratch;
  const Registry registry = shipped_tasks();
  const RunPlan plan = load_config_text(
      std::string(registry.find("diffusion.dpm_ot")->starter()), "a.json", registry,
      {.overrides = {"/runtime/time_limit=1ms", "/runtime/threads=1"}, .folder = "."});
  const FinishedRun part = run_in_new_folder(plan, into(scratch.path / "part"));
  REQUIRE(part.exit_status == 75);
  const Refused refused =
      refusal([&] { resume_in_folder(part.folder, registry, {"/output/figure_nfe=1"}, silent); });
  CHECK(code_of(refused) == "E803");
  CHECK(text_of(refused).find("/output/figure_nfe was 5, now 1") != std::string::npos);
  CHECK(text_of(refused).find("/runtime, /output but for /output/figure_nfe") != std::string::npos);
}

TEST_CASE("resume: a finished run refuses what does not extend it, and says why") {
  const TemporaryFolder scratch;
  const Registry registry = toy_registry();
  const FinishedRun run = run_in_new_folder(toy_plan(), into(scratch.path / "run"));
  const auto resume = [&](const std::vector<std::string>& overrides) {
    return refusal([&] { resume_in_folder(run.folder, registry, overrides, silent); });
  };
  CHECK(code_of(resume({})) == "E805");
  CHECK(text_of(resume({})) ==
        "the run is finished; to extend it, let /solver/laps grow with --set");
  CHECK(code_of(resume({"/solver/laps=1"})) == "E805");
  CHECK(code_of(resume({"/solver/steps=70"})) == "E803");
  CHECK(text_of(resume({"/solver/steps=70"})) ==
        "the checkpoint was written for another config: /solver/steps was 60, now 70. Allowed to "
        "change on resume: /solver/laps (upwards), /runtime, /output");
  resume_in_folder(run.folder, registry, {"/solver/laps=2"}, silent);
  CHECK(code_of(resume({"/solver/laps=1"})) == "E805");
  CHECK(text_of(resume({"/solver/laps=1"})) ==
        "/solver/laps may only grow on resume: it was 2, now 1");
}

TEST_CASE("resume: a task without a budget says so, and ot.semi_discrete extends its batches") {
  const TemporaryFolder scratch;
  const Registry registry = shipped_tasks();
  const auto plan = [&](const std::string& task, const std::string& more) {
    return load_config_text("{\"version\": 1, \"task\": \"" + task +
                                "\", \"seed\": 3, \"runtime\": {\"threads\": 1}" + more + "}",
                            "a.json", registry);
  };
  const FinishedRun run = run_in_new_folder(
      plan("ot.semi_discrete",
           ", \"solver\": {\"method\": \"stochastic_newton\", \"max_iterations\": 2}"),
      into(scratch.path / "run"));
  CHECK(run.exit_status == 5);
  CHECK(run.problems.sorted().front().text.find("--set /solver/max_iterations=4") !=
        std::string::npos);
  const FinishedRun longer =
      resume_in_folder(run.folder, registry, {"/solver/max_iterations=10000"}, silent);
  CHECK(longer.exit_status == 0);
  const FinishedRun whole = run_in_new_folder(
      plan("ot.semi_discrete", ", \"solver\": {\"method\": \"stochastic_newton\"}"),
      into(scratch.path / "whole"));
  CHECK(result_files(run.folder) == result_files(whole.folder));
  // Converged before its budget was spent: a larger one changes nothing, and costs nothing.
  const FinishedRun again =
      resume_in_folder(run.folder, registry, {"/solver/max_iterations=20000"}, silent);
  CHECK(again.result.times.front().restored);
  CHECK(result_files(run.folder) == result_files(whole.folder));

  const FinishedRun other =
      run_in_new_folder(plan("diffusion.gaussian_contraction", ""), into(scratch.path / "other"));
  const Refused refused =
      refusal([&] { resume_in_folder(other.folder, registry, no_limit, silent); });
  CHECK(code_of(refused) == "E805");
  CHECK(text_of(refused) ==
        "the run is finished, and task \"diffusion.gaussian_contraction\" has no budget that could "
        "grow: run "
        "another config instead");
}

TEST_CASE("resume: another build is refused, or marks the run for good") {
  const TemporaryFolder scratch;
  const Registry registry = toy_registry();
  const fs::path run = stopped_run_of_another_build(scratch.path / "run");
  const Refused refused = refusal([&] { resume_in_folder(run, registry, no_limit, silent); });
  CHECK(code_of(refused) == "E804");
  CHECK(refused.exit_status() == 8);
  CHECK(text_of(refused).find("--allow-build-change") != std::string::npos);

  RunOptions options = silent;
  options.allow_build_change = true;
  const FinishedRun done = resume_in_folder(run, registry, no_limit, options);
  CHECK(done.exit_status == 0);
  CHECK(done.result.warnings.front().find("(mixed_build)") != std::string::npos);
  CHECK(read_file(run / "result.json").find("(mixed_build)") != std::string::npos);
  CHECK(read_file(run / "provenance.json").find("\"mixed_build\": true") != std::string::npos);
  // The mark stays, though from here on there is one build only.
  const FinishedRun longer = resume_in_folder(run, registry, {"/solver/laps=2"}, silent);
  CHECK(longer.result.warnings.front().find("(mixed_build)") != std::string::npos);
}

TEST_SUITE_BEGIN("slow");

TEST_CASE("resume: killed at two hundred instants, every resume ends with the same bytes") {
  const TemporaryFolder scratch(TemporaryFolder::in_memory());
  const Registry registry = toy_registry();
  const RunPlan plan =
      load_config_text(R"({"version": 1, "task": "test.walk", "name": "walk", "seed": 5,)"
                       R"( "runtime": {"threads": 1, "checkpoint_every": "1ms"},)"
                       R"( "solver": {"steps": 60, "work": 300000}})",
                       "walk.json", registry);
  build_id();  // once, not in every child
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  const FinishedRun whole = run_in_new_folder(plan, into(scratch.path / "whole"));
  const auto length = Clock::now() - start;
  const auto expected = result_files(whole.folder);
  int killed = 0, resumed = 0, lost = 0;
  constexpr int trials = 200;
  for (int trial = 0; trial < trials; ++trial) {
    const fs::path folder = scratch.path / std::to_string(trial);
    const pid_t child = ::fork();
    if (child == 0) {
      run_in_new_folder(plan, into(folder));
      ::_exit(0);
    }
    std::this_thread::sleep_for(length * trial / trials);
    ::kill(child, SIGKILL);
    int raw = 0;
    ::waitpid(child, &raw, 0);
    if (WIFSIGNALED(raw)) ++killed;
    try {
      resume_in_folder(folder, registry, {}, silent);
      ++resumed;
    } catch (const Refused& refused) {
      CAPTURE(refused.what());
      const std::string code = code_of(refused);
      if (code == "E805") continue;  // it was finished
      // Killed before there was anything to go on from: said so, and nothing is lost.
      CHECK((code == "E801" || code == "E802"));
      ++lost;
      continue;
    }
    CAPTURE(trial);
    CHECK(result_files(folder) == expected);
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      CHECK(entry.path().filename().string().find(".tmp-") == std::string::npos);
    }
    fs::remove_all(folder);
  }
  MESSAGE(killed, " of ", trials, " killed, ", resumed, " resumed, ", lost, " had not begun");
  CHECK(killed > trials / 2);
  CHECK(resumed > trials / 3);
}

TEST_SUITE_END();
