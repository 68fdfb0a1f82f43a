// Runs in folders: interrupted anywhere, resumed, reproduced, and never at the cost of a file.
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "runner/provenance.hpp"
#include "runner/run_folder.hpp"
#include "tests/runner/toy_runs.hpp"

#ifdef _OPENMP
#include <omp.h>
#endif

using namespace pushforward::runner;
using namespace pushforward::runner::test;
namespace fs = std::filesystem;

namespace {

/// Stops at the k-th question whether to stop; keeps the last checkpoint, through its bytes.
class StoppingHost final : public RunHost {
 public:
  explicit StoppingHost(int stop_at, bool always_save = false)
      : left_(stop_at), always_save_(always_save) {}
  Stop stop() override { return left_-- == 0 ? Stop::interrupt : Stop::no; }
  bool checkpoint_due() override { return always_save_; }
  void save(Checkpoint& checkpoint) override {
    checkpoint.metrics_bytes = metrics.size();
    saved = checkpoint_bytes(checkpoint);
  }
  void metric(const std::string& line) override { metrics += line + "\n"; }

  std::string saved, metrics;

 private:
  int left_;
  bool always_save_;
};

std::string outcome_bytes(const RunResult& result) {
  std::string bytes = result.json().pretty();
  for (const auto& array : result.arrays) bytes += npy_bytes(array.values);
  return bytes;
}

}  // namespace

TEST_CASE("run: stopped at every instant and resumed, the bytes are those of the whole run") {
  RunPlan plan = toy_plan();
  plan.runtime.threads.count = 1;  // two hundred short runs: threads would only wait
  StoppingHost undisturbed(-1);
  const RunResult whole = execute(plan, undisturbed);
  REQUIRE(whole.complete);
  for (int instant = 0;; ++instant) {
    CAPTURE(instant);
    StoppingHost host(instant);
    const RunResult part = execute(plan, host);
    if (part.complete) {
      CHECK(instant > 60);
      break;
    }
    CHECK(part.verdict == Verdict::interrupted);
    const Checkpoint checkpoint = parse_checkpoint(host.saved);
    StoppingHost again(-1);
    again.metrics = host.metrics.substr(0, checkpoint.metrics_bytes);
    const RunResult resumed = execute(plan, again, &checkpoint);
    CHECK(outcome_bytes(resumed) == outcome_bytes(whole));
    CHECK(again.metrics == undisturbed.metrics);
  }
}

TEST_CASE("run: stopped again and again, a run still ends with the same bytes") {
  const RunPlan plan = toy_plan();
  StoppingHost undisturbed(-1);
  const std::string whole = outcome_bytes(execute(plan, undisturbed));
  std::optional<Checkpoint> checkpoint;
  std::string metrics;
  for (int round = 0; round < 100; ++round) {
    StoppingHost host(7, true);
    host.metrics = metrics;
    const RunResult result = execute(plan, host, checkpoint ? &*checkpoint : nullptr);
    metrics = host.metrics;
    if (result.complete) {
      CHECK(round > 5);
      CHECK(outcome_bytes(result) == whole);
      CHECK(metrics == undisturbed.metrics);
      return;
    }
    checkpoint = parse_checkpoint(host.saved);
    metrics.resize(checkpoint->metrics_bytes);
  }
  FAIL("the run never ended");
}

TEST_CASE("run: the same bytes for 1, 2, 3 and 8 threads") {
  RunPlan plan = toy_plan();
  std::string first;
  for (const int threads : {1, 2, 3, 8}) {
    plan.runtime.threads.count = threads;
    RunHost host;
    const std::string bytes = outcome_bytes(execute(plan, host));
    if (first.empty()) first = bytes;
    CHECK(bytes == first);
  }
}

#ifdef _OPENMP
TEST_CASE("run: OpenMP's own default is the run's number of threads, and then what it was before") {
  class Watching final : public RunHost {
   public:
    void stage(std::string_view, bool) override { threads = omp_get_max_threads(); }
    int threads = 0;
  };
  const int before = omp_get_max_threads();
  RunPlan plan = toy_plan();
  plan.runtime.threads.count = before + 1;
  Watching host;
  execute(plan, host);
  CHECK(host.threads == before + 1);
  CHECK(omp_get_max_threads() == before);
}
#endif

TEST_CASE("run: a folder holds everything, and reproduces from it") {
  const test::TemporaryFolder scratch;
  const RunPlan plan = toy_plan();
  const FinishedRun run = run_in_new_folder(plan, into(scratch.path / "a"));
  CHECK(run.exit_status == 0);
  for (const char* file : {"config.json", "resolved.json", "provenance.json", "status.json",
                           "result.json", "timing.json", "metrics.jsonl", "log.jsonl",
                           "arrays/norms.npy", "arrays/index.json", "report.html"}) {
    CAPTURE(file);
    CHECK(fs::exists(run.folder / file));
  }
  CHECK(newest_checkpoint(run.folder / "checkpoint").checkpoint.complete);  // for a larger budget
  CHECK(read_file(run.folder / "config.json") == plan.given);
  CHECK(read_file(run.folder / "status.json").find("\"state\": \"done\"") != std::string::npos);

  const Registry registry = toy_registry();
  const RunPlan again = plan_of_run(run.folder, registry);
  CHECK(again.config_hash() == plan.config_hash());
  CHECK(again.resolved.canonical() == plan.resolved.canonical());
  const FinishedRun second = run_in_new_folder(again, into(scratch.path / "b"));
  CHECK(result_files(second.folder) == result_files(run.folder));
  for (const auto& entry : fs::recursive_directory_iterator(scratch.path)) {
    CHECK(entry.path().filename().string().find(".tmp-") == std::string::npos);
  }
}

TEST_CASE("run: no folder with anything in it is written to") {
  const test::TemporaryFolder scratch;
  std::ofstream(scratch.path / "precious") << "data";
  const Refused refused = refusal([&] { run_in_new_folder(toy_plan(), into(scratch.path)); });
  CHECK(code_of(refused) == "E704");
  CHECK(refused.exit_status() == 9);
  CHECK(read_file(scratch.path / "precious") == "data");
  CHECK(std::distance(fs::directory_iterator(scratch.path), {}) == 1);
  const fs::path first = create_fresh_folder(scratch.path, "run");
  CHECK(create_fresh_folder(scratch.path, "run") == scratch.path / "run-2");
  CHECK(first == scratch.path / "run");
}

TEST_CASE("run: what cannot be written is refused with its reason, and leaves nothing behind") {
  const test::TemporaryFolder scratch;
  // A file where a folder has to be, which even the superuser cannot write below.
  std::ofstream(scratch.path / "file") << "x";
  const Refused refused =
      refusal([&] { run_in_new_folder(toy_plan(), into(scratch.path / "file" / "run")); });
  CHECK(code_of(refused) == "E703");
  CHECK(refused.exit_status() == 7);
  CHECK(code_of(refusal([&] { write_atomically(scratch.path / "none" / "x", "y"); })) == "E703");
}

TEST_CASE("run: a folder that may not be written to is refused with its reason") {
  const test::TemporaryFolder scratch;
  const fs::path closed = scratch.path / "closed";
  fs::create_directory(closed);
  ::chmod(scratch.path.c_str(), 0755);
  ::chmod(closed.c_str(), 0555);
  const RunPlan plan = toy_plan();
  build_id();  // reads the program's own file, which the user below may not
  // The superuser may write anywhere, so for the length of the run this test is nobody.
  constexpr uid_t nobody = 65534;
  const bool superuser = ::geteuid() == 0;
  if (superuser && ::seteuid(nobody) != 0) {
    MESSAGE("skipped: the superuser of this machine cannot act as another user");
    return;
  }
  const Refused refused = refusal([&] { run_in_new_folder(plan, into(closed / "run")); });
  if (superuser) REQUIRE(::seteuid(0) == 0);
  CHECK(code_of(refused) == "E703");
  CHECK(refused.exit_status() == 7);
  CHECK(refused.findings().sorted().front().text == "cannot be created: Permission denied");
  CHECK(fs::is_empty(closed));
  ::chmod(closed.c_str(), 0700);
}

TEST_CASE("run: a file system without room for folders is refused with its reason") {
  if (!fs::is_directory("/proc/self")) return;  // no such file system here
  const Refused refused =
      refusal([&] { run_in_new_folder(toy_plan(), into("/proc/pushforward-run")); });
  CHECK(code_of(refused) == "E703");
  CHECK(refused.exit_status() == 7);
}

TEST_CASE("run: a folder removed under a run ends it with a message") {
  const test::TemporaryFolder scratch;
  const Refused refused = refusal([&] { write_checkpoint(scratch.path / "gone", 1, 2, {}); });
  CHECK(code_of(refused) == "E703");
}

TEST_CASE("checkpoint: every byte counts") {
  Checkpoint checkpoint{.resume_hash = "c", .build_id = "b", .mixed_build = true};
  Bundle bundle;
  bundle.arrays["x"] = (pushforward::Matrix(2, 2) << 1.0, -0.0, std::nan("7"), 4.0).finished();
  bundle.arrays["empty"] = pushforward::Matrix(0, 3);
  bundle.numbers["nan"] = std::nan("");
  bundle.counts["n"] = std::numeric_limits<std::int64_t>::min();
  bundle.texts["t"] = "line\n\"\\\x01";
  checkpoint.state = bundle;
  checkpoint.current = "stage";
  checkpoint.finished.push_back({.name = "first", .outcome = std::make_shared<Bundle>(bundle)});
  checkpoint.finished.back().budget_end =
      std::make_shared<BudgetEnd>(BudgetEnd{bundle, {"warned"}, 17});
  const std::string bytes = checkpoint_bytes(checkpoint);
  CHECK(checkpoint_bytes(parse_checkpoint(bytes)) == bytes);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 4);
    CHECK_THROWS(parse_checkpoint(damaged));
    CHECK_THROWS(parse_checkpoint(bytes.substr(0, i)));
  }
}

TEST_CASE("checkpoint: a damaged newest one falls back to the one before, none is exit status 8") {
  const test::TemporaryFolder scratch;
  for (int number = 1; number <= 3; ++number) {
    Checkpoint checkpoint;
    checkpoint.current = std::to_string(number);
    write_checkpoint(scratch.path, number, 2, checkpoint);
  }
  CHECK_FALSE(fs::exists(scratch.path / "00000001.ckpt"));
  std::ofstream(scratch.path / "00000003.ckpt", std::ios::app) << "x";
  const FoundCheckpoint found = newest_checkpoint(scratch.path);
  CHECK(found.number == 2);
  CHECK(found.checkpoint.current == "2");
  CHECK(found.damaged == std::vector<std::string>{"00000003.ckpt"});
  CHECK(fs::exists(scratch.path / "00000003.ckpt.bad"));
  fs::resize_file(scratch.path / "00000002.ckpt", 10);
  const Refused refused = refusal([&] { newest_checkpoint(scratch.path); });
  CHECK(code_of(refused) == "E801");
  CHECK(refused.exit_status() == 8);
}

TEST_CASE("resume: refuses what is finished, what changed, and what is no run") {
  const test::TemporaryFolder scratch;
  const Registry registry = toy_registry();
  const auto resume = [&](const fs::path& folder, const std::vector<std::string>& overrides = {}) {
    return refusal([&] { resume_in_folder(folder, registry, overrides, silent); });
  };
  CHECK(code_of(resume(scratch.path)) == "E802");
  const FinishedRun run = run_in_new_folder(toy_plan(), into(scratch.path / "a"));
  CHECK(code_of(resume(run.folder)) == "E805");
  CHECK(resume(run.folder).exit_status() == 8);
  const Refused changed = resume(run.folder, {"/solver/steps=70"});
  CHECK(code_of(changed) == "E803");
  CHECK(changed.findings().sorted().front().text.find("/solver") != std::string::npos);
  const FolderLock lock(run.folder);
  CHECK(refusal([&] { FolderLock second(run.folder); }).exit_status() == 9);
}

TEST_CASE("run: the time limit stops with a checkpoint, exit status 75, and resumes to the end") {
  const test::TemporaryFolder scratch;
  const Registry registry = toy_registry();
  const RunPlan limited = toy_plan(", \"runtime\": {\"time_limit\": \"1ms\"}");
  const FinishedRun part = run_in_new_folder(limited, into(scratch.path / "part"));
  CHECK(part.exit_status == 75);
  CHECK(read_file(part.folder / "result.json").find("\"interrupted\"") != std::string::npos);
  const FinishedRun rest =
      resume_in_folder(part.folder, registry, {"/runtime/time_limit=none"}, silent);
  CHECK(rest.exit_status == 0);
  const FinishedRun whole = run_in_new_folder(toy_plan(), into(scratch.path / "whole"));
  CHECK(result_files(part.folder) == result_files(whole.folder));
}

TEST_CASE("run: not converging is exit status 5, or 0 where the config says warn") {
  const test::TemporaryFolder scratch;
  const Registry registry = toy_registry();
  const auto status = [&](const std::string& solver, const char* folder) {
    const RunPlan plan = load_config_text(
        "{\"version\": 1, \"task\": \"test.walk\", \"seed\": 5, \"solver\": {" + solver + "}}",
        "walk.json", registry);
    return run_in_new_folder(plan, into(scratch.path / folder)).exit_status;
  };
  CHECK(status("\"fail\": true", "a") == 5);
  CHECK(status("\"fail\": true, \"on_not_converged\": \"warn\"", "b") == 0);
}

TEST_CASE("ot.quantization: a run stopped between any two steps resumes to the same bytes") {
  const Registry registry = shipped_tasks();
  const RunPlan plan = load_config_text(
      "{\"version\": 1, \"task\": \"ot.quantization\", \"seed\": 3, \"problem\": {\"source\": "
      "\"box\", \"points\": 40}, \"solver\": {\"max_iterations\": 4, \"on_not_converged\": "
      "\"warn\"}}",
      "a.json", registry);
  RunHost undisturbed;
  const RunResult whole = execute(plan, undisturbed);
  for (const int instant : {1, 2, 5, 9, 14}) {
    StoppingHost host(instant);
    const RunResult part = execute(plan, host);
    REQUIRE_FALSE(part.complete);
    const Checkpoint checkpoint = parse_checkpoint(host.saved);
    RunHost again;
    CHECK(outcome_bytes(execute(plan, again, &checkpoint)) == outcome_bytes(whole));
  }
}

TEST_CASE(
    "ot.semi_discrete: the value is the closed form, and a stopped run resumes to the same bytes") {
  const Registry registry = shipped_tasks();
  const RunPlan plan = load_config_text(
      "{\"version\": 1, \"task\": \"ot.semi_discrete\", \"seed\": 3, \"solver\": "
      "{\"method\": \"stochastic_newton\"}}",
      "a.json", registry);
  RunHost undisturbed;
  const RunResult whole = execute(plan, undisturbed);
  REQUIRE(whole.converged);
  // Atoms (+-1, +-1): each coordinate travels to its sign, E(|x| - 1)^2 = 2 - 2 sqrt(2 / pi).
  const double exact = 2.0 * (2.0 - 2.0 * std::sqrt(2.0 / 3.14159265358979323846));
  const Scalar& dual = *whole.find("dual_value");
  CHECK(std::abs(dual.value - exact) <= 5.0 * dual.standard_error);
  for (const int instant : {1, 3, 10}) {
    StoppingHost host(instant);
    const RunResult part = execute(plan, host);
    if (part.complete) break;
    const Checkpoint checkpoint = parse_checkpoint(host.saved);
    RunHost again;
    CHECK(outcome_bytes(execute(plan, again, &checkpoint)) == outcome_bytes(whole));
  }
}
