// The executable as its users meet it: exit statuses, signals, and being killed at any time.
#include "tests/runner/process.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/resource.h>

#include <doctest/doctest.h>

using namespace pushforward::runner;
using namespace pushforward::runner::test;
namespace fs = std::filesystem;

TEST_CASE("process: killed while it runs, it resumes to the same bytes") {
  const TemporaryFolder scratch;
  write_config(scratch.path);
  REQUIRE(run(scratch.path, {"run", "walk.json", "--out", "whole"}).status == 0);
  Process process(scratch.path, {"run", "walk.json", "--out", "killed"});
  REQUIRE(comes_up(scratch.path / "killed" / "metrics.jsonl", 200));
  process.send(SIGKILL);
  CHECK(process.wait().status == 128 + SIGKILL);
  REQUIRE(run(scratch.path, {"resume", "killed"}).status == 0);
  CHECK(same_results(scratch.path / "killed", scratch.path / "whole"));
  CHECK(no_leftovers(scratch.path / "killed"));
}

TEST_CASE("process: a full disk ends the run with E703, and the checkpoint before stands") {
  const TemporaryFolder scratch;
  write_config(scratch.path);
  REQUIRE(run(scratch.path, {"run", "walk.json", "--out", "whole"}).status == 0);
  // A limit on the size of files stands for the disk: the first checkpoint fits, one that holds the
  // increments (3 x 600 doubles) does not.
  Process process(scratch.path, {"run", "walk.json", "--out", "full"}, [] {
    const rlimit limit{.rlim_cur = 10000, .rlim_max = 10000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  });
  REQUIRE(comes_up(scratch.path / "full" / "metrics.jsonl", 100));
  process.send(SIGUSR1);
  const Ended full = process.wait();
  CHECK(full.status == 7);
  CAPTURE(full.err);
  CHECK(full.err.find("error E703 full/checkpoint/") != std::string::npos);
  CHECK(full.err.find("writing stopped after ") != std::string::npos);
  CHECK(full.err.find("File too large") != std::string::npos);
  CHECK(no_leftovers(scratch.path / "full"));
  CHECK_FALSE(fs::exists(scratch.path / "full" / "result.json"));
  CHECK(read_file(scratch.path / "full" / "status.json").find("\"failed\"") != std::string::npos);
  CHECK(run(scratch.path, {"resume", "full"}).status == 0);
  CHECK(same_results(scratch.path / "full", scratch.path / "whole"));
}

#ifndef __SANITIZE_ADDRESS__  // whose own memory exceeds any limit
TEST_CASE("process: memory that runs out ends the run with E702") {
  const TemporaryFolder scratch;
  write_config(scratch.path);
  const Ended ended = run(scratch.path,
                          {"run", "walk.json", "--out", "a", "--set", "/problem/dim=1000", "--set",
                           "/solver/steps=250000", "--set", "/runtime/memory_limit=64GiB"},
                          [] {
                            const rlimit limit{.rlim_cur = 1 << 30, .rlim_max = 1 << 30};
                            ::setrlimit(RLIMIT_AS, &limit);
                          });
  CHECK(ended.status == 7);
  CHECK(ended.err.find("error E702 test.walk\n  memory ran out; the last checkpoint stands\n") !=
        std::string::npos);
}
#endif

TEST_CASE("process: a folder removed under a run ends it with E703") {
  const TemporaryFolder scratch;
  write_config(scratch.path, 20000);
  Process process(scratch.path, {"run", "walk.json", "--out", "gone"});
  REQUIRE(comes_up(scratch.path / "gone" / "metrics.jsonl", 100));
  fs::rename(scratch.path / "gone", scratch.path / "elsewhere");
  const Ended ended = process.wait();
  CHECK(ended.status == 7);
  CHECK(ended.err.find("error E703 gone/") != std::string::npos);
  CHECK_FALSE(fs::exists(scratch.path / "gone"));
}

TEST_CASE("process: SIGUSR1 saves and goes on, SIGUSR2 prints where the run stands") {
  const TemporaryFolder scratch;
  write_config(scratch.path, 600, "1h");
  REQUIRE(run(scratch.path, {"run", "walk.json", "--out", "whole"}).status == 0);
  Process process(scratch.path, {"run", "walk.json", "--out", "asked", "--progress", "none"});
  const fs::path asked = scratch.path / "asked";
  REQUIRE(comes_up(asked / "metrics.jsonl", 200));
  process.send(SIGUSR2);
  REQUIRE(eventually([&] { return !read_file(scratch.path / "err.txt").empty(); }));
  const std::string line = read_file(scratch.path / "err.txt");
  CHECK(line.starts_with("walk: "));
  CHECK(line.find("/600 (") != std::string::npos);
  CHECK_FALSE(fs::exists(asked / "checkpoint" / "00000002.ckpt"));
  process.send(SIGUSR1);
  REQUIRE(comes_up(asked / "checkpoint" / "00000002.ckpt", 1));
  const auto then = fs::file_size(asked / "metrics.jsonl");
  REQUIRE(comes_up(asked / "metrics.jsonl", then + 100));  // it goes on
  process.send(SIGKILL);
  CHECK(process.wait().status == 128 + SIGKILL);
  const Ended resumed = run(scratch.path, {"resume", "asked"});
  CHECK(resumed.status == 0);
  CHECK(resumed.err.find("increments: taken from the checkpoint") != std::string::npos);
  CHECK(same_results(asked, scratch.path / "whole"));
}

TEST_CASE("process: a second interrupt leaves at once, and the last checkpoint stands") {
  const TemporaryFolder scratch;
  // One step of this walk takes longer than the test waits.
  std::ofstream(scratch.path / "walk.json")
      << R"({"version": 1, "task": "test.walk", "seed": 5, "runtime": {"threads": 1},)"
         R"( "solver": {"steps": 2, "work": 40000000000}})";
  Process process(scratch.path, {"run", "walk.json", "--out", "left"});
  REQUIRE(comes_up(scratch.path / "left" / "metrics.jsonl", 5));
  process.send(SIGINT);
  pause(50);
  process.send(SIGINT);
  CHECK(process.wait().status == 130);
  CHECK(fs::exists(scratch.path / "left" / "checkpoint" / "00000001.ckpt"));
  CHECK(run(scratch.path, {"resume", "left", "--set", "/solver/laps=0"}).status == 3);
}

TEST_CASE("process: a step that fails is named with the command that replays it") {
  const TemporaryFolder scratch;
  write_config(scratch.path, 50);
  const Ended failed =
      run(scratch.path, {"run", "walk.json", "--out", "a", "--set", "/solver/diverges_at=31"});
  CHECK(failed.status == 5);
  CAPTURE(failed.err);
  CHECK(failed.err.find("error E501 phase \"walk\", step 30, sample 0 (seed 5, stream 2, chain 30, "
                        "step 0)\n  the walk returned nan in coordinate 1 (from 0) of x = [") !=
        std::string::npos);
  CHECK(failed.err.find("]; replay: pushforward run walk.json --replay walk:30\n") !=
        std::string::npos);
  const auto replay = [&](const std::string& point, const std::string& diverges_at) {
    return run(scratch.path, {"run", "walk.json", "--replay", point, "--set",
                              "/solver/diverges_at=" + diverges_at});
  };
  const Ended before = replay("walk:30", "31");
  CHECK(before.status == 5);
  CHECK(before.err.find("the state before that step:") != std::string::npos);
  CHECK(before.err.find("  t: 30\n") != std::string::npos);
  const Ended whole = replay("walk:30", "0");
  CHECK(whole.status == 0);
  CHECK(whole.out.find("walk, step 30:\n") == 0);
  CHECK(whole.out.find("  x: 3 x 1, from ") != std::string::npos);
  CHECK(whole.out.find("walk, step 31, behind it:\n") != std::string::npos);
  CHECK(replay("increments:1", "0").out.find("  noise: 3 x 50, from ") != std::string::npos);
  const Ended nowhere = replay("fit:3", "0");
  CHECK(nowhere.status == 2);
  CHECK(nowhere.err.find("its stages are increments, walk, mean") != std::string::npos);
  CHECK(replay("walk", "0").status == 2);
  CHECK(replay("walk:x", "0").err.find("--replay takes STAGE:STEP") != std::string::npos);
  CHECK_FALSE(fs::exists(scratch.path / "runs"));
}

TEST_CASE("process: what E306 recommends for a list is accepted as it stands") {
  const TemporaryFolder scratch;
  write_config(scratch.path, 5);
  const Ended refused =
      run(scratch.path, {"run", "walk.json", "--set", "/solver/epsilon=[0.1, 0.01, 1e-3, 1]"});
  CHECK(refused.status == 3);
  CAPTURE(refused.err);
  CHECK(refused.err.find("a list of 4 numbers where one number is expected; a run takes one value, "
                         "so run it once for each: --set /solver/epsilon=0.1, --set "
                         "/solver/epsilon=0.01, --set /solver/epsilon=0.001, and so on\n") !=
        std::string::npos);
  for (const char* value : {"0.1", "0.01", "0.001"}) {
    const std::string recommended = std::string("/solver/epsilon=") + value;
    CHECK(run(scratch.path, {"validate", "walk.json", "--set", recommended}).status == 0);
  }
  const Ended choice =
      run(scratch.path, {"run", "walk.json", "--set", "/problem/cost=[\"euclidean\"]"});
  CHECK(choice.err.find("for each: --set /problem/cost=euclidean\n") != std::string::npos);
  CHECK(run(scratch.path, {"validate", "walk.json", "--set", "/problem/cost=euclidean"}).status ==
        0);
}

TEST_CASE("process: ending without convergence names the budget to raise") {
  const TemporaryFolder scratch;
  write_config(scratch.path, 5);
  const Ended ended =
      run(scratch.path, {"run", "walk.json", "--out", "a", "--set", "/solver/fail=true"});
  CHECK(ended.status == 5);
  CHECK(ended.err.find("error E502 test.walk\n"
                       "  stopped with max_iterations after 5 iterations\n"
                       "  results are kept and marked \"not_converged\"; go on with pushforward "
                       "resume a --set /solver/laps=2, or accept that with \"on_not_converged\": "
                       "\"warn\"\n") != std::string::npos);
}

TEST_CASE("process: SIGINT and SIGTERM save the state, name the resume command, exit 130 and 143") {
  const TemporaryFolder scratch;
  write_config(scratch.path);
  REQUIRE(run(scratch.path, {"run", "walk.json", "--out", "whole"}).status == 0);
  for (const int signal : {SIGINT, SIGTERM}) {
    const std::string name = "stopped" + std::to_string(signal);
    Process process(scratch.path, {"run", "walk.json", "--out", name});
    REQUIRE(comes_up(scratch.path / name / "metrics.jsonl", 100));
    process.send(signal);
    const Ended ended = process.wait();
    CHECK(ended.status == 128 + signal);
    CHECK(ended.err.find("pushforward resume " + name) != std::string::npos);
    CHECK(read_file(scratch.path / name / "status.json").find("interrupted") != std::string::npos);
    CHECK(run(scratch.path, {"resume", name}).status == 0);
    CHECK(same_results(scratch.path / name, scratch.path / "whole"));
    CHECK(run(scratch.path, {"reproduce", name, "--threads", "2"}).status == 0);
  }
}

TEST_CASE("process: commands answer and exit as documented") {
  const TemporaryFolder scratch;
  write_config(scratch.path, 5);
  const auto status = [&](std::vector<std::string> arguments) {
    return run(scratch.path, std::move(arguments)).status;
  };
  CHECK(status({}) == 2);
  CHECK(status({"--help"}) == 0);
  CHECK(status({"--version"}) == 0);
  CHECK(status({"rnu", "walk.json"}) == 2);
  CHECK(run(scratch.path, {"rnu"}).err.find("did you mean run?") != std::string::npos);
  CHECK(run(scratch.path, {"run", "walk.json", "--thread", "2"})
            .err.find("did you mean --threads?") != std::string::npos);
  CHECK(status({"run"}) == 2);
  CHECK(status({"run", "walk.json", "--threads", "0"}) == 2);
  CHECK(status({"run", "walk.json", "--set", "novalue"}) == 2);
  CHECK(status({"run", "none.json"}) == 3);
  CHECK(status({"run", "."}) == 3);
  CHECK(status({"run", "walk.json", "--set", "/solver/stps=3"}) == 3);
  CHECK(status({"validate", "walk.json", "--set", "solver.steps=0"}) == 3);
  CHECK(status({"validate", "walk.json", "--set", "data.x.file=none.npy"}) == 4);
  CHECK(status({"run", "walk.json", "--dry-run"}) == 0);
  const Ended planned =
      run(scratch.path, {"validate", "walk.json", "--json", "--set", "solver.steps=7"});
  CHECK(
      planned.out.starts_with("{\"configs\": [{\"file\": \"walk.json\", \"ok\": true, "
                              "\"task\": \"test.walk\", \"bytes\": 168, "));
  CHECK_FALSE(fs::exists(scratch.path / "runs"));
  CHECK(status({"run", "walk.json", "--out", "a"}) == 0);
  CHECK(status({"run", "walk.json", "--out", "a"}) == 9);
  CHECK(status({"resume", "a"}) == 8);
  CHECK(status({"resume", "a", "--allow-build-change"}) == 8);
  CHECK(status({"resume", "a", "--set", "/solver/laps=2"}) == 0);
  CHECK(status({"resume", "nowhere"}) == 8);
  CHECK(status({"report", "a"}) == 0);
  CHECK(status({"report", "a", "--out", "page.html"}) == 0);
  CHECK(read_file(scratch.path / "page.html") == read_file(scratch.path / "a" / "report.html"));
  CHECK(status({"report", "a", "--out", "page.html"}) == 9);
  CHECK(status({"report", "a", "a", "--out", "pages.html"}) == 2);
  CHECK(status({"report", "nowhere"}) == 4);
  CHECK(status({"list"}) == 0);
  CHECK(run(scratch.path, {"list", "targets"}).out ==
        "gaussian     a normal law (test.walk)\n"
        "uniform_box  the uniform law on a cube (test.walk)\n");
  CHECK(run(scratch.path, {"list", "targets", "--json"})
            .out.find("\"keys\": [\"test.walk /problem/source\"]") != std::string::npos);
  CHECK(run(scratch.path, {"list", "costs"}).out.find("euclidean") != std::string::npos);
  CHECK(run(scratch.path, {"list", "metrics"}).out.find("coordinate_*") != std::string::npos);
  CHECK(run(scratch.path, {"list", "paths"}).out.empty());
  CHECK(status({"list", "test.walk", "--json"}) == 0);
  CHECK(status({"describe", "test.walk", "/solver/epsilon"}) == 0);
  CHECK(status({"describe", "test.walk", "/solver/epsilno"}) == 2);
  CHECK(status({"describe", "test.wlak"}) == 2);
  CHECK(status({"schema"}) == 0);
  CHECK(status({"doctor"}) == 0);
  CHECK(status({"run", "walk.json", "--set", "checks=[{\"quantity\": \"norm\", \"max\": 0}]"}) ==
        6);
  const Ended json =
      run(scratch.path, {"validate", "walk.json", "--set", "solver.x=1", "--errors=json"});
  CHECK(json.err.find("{\"code\": \"E301\"") == 0);
}

TEST_CASE("process: two runs of one config have two folders") {
  const TemporaryFolder scratch;
  write_config(scratch.path, 5);
  const Ended first = run(scratch.path, {"run", "walk.json", "--progress", "none"});
  const Ended second = run(scratch.path, {"run", "walk.json", "--progress", "none"});
  CHECK(first.status == 0);
  CHECK(second.status == 0);
  CHECK(first.out != second.out);
  CHECK(first.out.starts_with("runs/walk-"));
  // The summary fits a screen.
  CHECK(std::count(first.err.begin(), first.err.end(), '\n') <= 25);
}

TEST_CASE("process: check measures claims, writes their page and fails if one does not hold") {
  const TemporaryFolder scratch;
  const auto claim = [&](const char* file, const char* bound) {
    std::ofstream(scratch.path / file)
        << "{\"claim\": \"A walk ends near its start.\", \"source\": \"key2026\", \"kind\": "
           "\"identity\", \"experiment\": {\"version\": 1, \"task\": \"test.walk\", \"seed\": 5}, "
           "\"checks\": [{\"quantity\": \"norm\", \"max\": "
        << bound << "}]}";
  };
  claim("holds.json", "100");
  claim("fails.json", "1e-3");
  CHECK(run(scratch.path, {"check", "holds.json", "--out", "page.html"}).status == 0);
  CHECK(fs::exists(scratch.path / "page.html"));
  CHECK(run(scratch.path, {"check", "holds.json", "--out", "page.html"}).status == 9);
  const Ended both = run(scratch.path, {"check", "holds.json", "fails.json"});
  CHECK(both.status == 6);
  CHECK(both.out.find("key2026") != std::string::npos);
  CHECK(run(scratch.path, {"check"}).status == 3);
  claim("broken.json", "\"x\"");
  CHECK(run(scratch.path, {"check", "broken.json"}).status == 3);
}
