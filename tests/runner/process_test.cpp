// The executable as its users meet it: exit statuses, signals, and being killed at any time.
#include <algorithm>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <signal.h>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <doctest/doctest.h>

#include "runner/files.hpp"
#include "tests/runner/temporary_folder.hpp"

using namespace pushforward::runner;
namespace fs = std::filesystem;

namespace {

struct Ended {
  int status = 0;  ///< 128 + signal if it was killed
  std::string out, err;
};

/// A process of the test executable, with its output in files.
class Process {
 public:
  Process(const fs::path& folder, std::vector<std::string> arguments) : folder_(folder) {
    std::vector<char*> argv{const_cast<char*>(PUSHFORWARD_TOY)};
    for (auto& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      if (::chdir(folder.c_str()) != 0) ::_exit(99);
      const int out = ::open("out.txt", O_WRONLY | O_CREAT | O_TRUNC, 0644);
      const int err = ::open("err.txt", O_WRONLY | O_CREAT | O_TRUNC, 0644);
      ::dup2(out, 1);
      ::dup2(err, 2);
      ::execv(PUSHFORWARD_TOY, argv.data());
      ::_exit(98);
    }
  }
  void send(int signal) const { ::kill(pid_, signal); }
  Ended wait() {
    int raw = 0;
    ::waitpid(pid_, &raw, 0);
    return {.status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw),
            .out = read_file(folder_ / "out.txt"),
            .err = read_file(folder_ / "err.txt")};
  }

 private:
  fs::path folder_;
  pid_t pid_ = -1;
};

Ended run(const fs::path& folder, std::vector<std::string> arguments) {
  return Process(folder, std::move(arguments)).wait();
}

/// A run that takes a fifth of a second or more, with a checkpoint at nearly every step.
void write_config(const fs::path& folder, int steps = 600) {
  std::ofstream(folder / "walk.json")
      << "{\"version\": 1, \"task\": \"test.walk\", \"seed\": 5, \"runtime\": {\"threads\": 1, "
         "\"checkpoint_every\": \"1ms\"}, \"solver\": {\"steps\": "
      << steps << ", \"work\": 300000}}";
}

bool same_results(const fs::path& a, const fs::path& b) {
  for (const char* file :
       {"result.json", "metrics.jsonl", "arrays/norms.npy", "arrays/index.json"}) {
    if (read_file(a / file) != read_file(b / file)) return false;
  }
  return true;
}

void pause(int milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

/// Waits until a file has some bytes; gives up after twenty seconds.
bool comes_up(const fs::path& file, std::uintmax_t bytes) {
  for (int i = 0; i < 20000; ++i) {
    std::error_code error;
    const auto size = fs::file_size(file, error);
    if (!error && size >= bytes) return true;
    pause(1);
  }
  return false;
}

}  // namespace

TEST_CASE("process: killed at many instants, every resume ends with the same bytes") {
  const test::TemporaryFolder scratch;
  write_config(scratch.path);
  REQUIRE(run(scratch.path, {"run", "walk.json", "--out", "whole"}).status == 0);
  int killed = 0;
  for (int trial = 0; trial < 8; ++trial) {
    const std::string name = "killed" + std::to_string(trial);
    Process process(scratch.path, {"run", "walk.json", "--out", name});
    // From before the folder exists to near the end.
    REQUIRE(comes_up(scratch.path / name / "log.jsonl", 1));
    pause(12 * trial);
    process.send(SIGKILL);
    const Ended ended = process.wait();
    if (ended.status == 0) continue;
    ++killed;
    CHECK(ended.status == 128 + SIGKILL);
    const Ended resumed = run(scratch.path, {"resume", name});
    CAPTURE(resumed.err);
    if (resumed.status == 8) {
      // Killed before the first checkpoint was whole: said so, and nothing to lose.
      CHECK(resumed.err.find("E80") != std::string::npos);
      continue;
    }
    REQUIRE(resumed.status == 0);
    CHECK(same_results(scratch.path / name, scratch.path / "whole"));
    for (const auto& entry : fs::recursive_directory_iterator(scratch.path / name)) {
      CHECK(entry.path().filename().string().find(".tmp-") == std::string::npos);
    }
  }
  CHECK(killed > 0);
}

TEST_CASE("process: SIGINT and SIGTERM save the state, name the resume command, exit 130 and 143") {
  const test::TemporaryFolder scratch;
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
  const test::TemporaryFolder scratch;
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
  CHECK_FALSE(fs::exists(scratch.path / "runs"));
  CHECK(status({"run", "walk.json", "--out", "a"}) == 0);
  CHECK(status({"run", "walk.json", "--out", "a"}) == 9);
  CHECK(status({"resume", "a"}) == 8);
  CHECK(status({"resume", "nowhere"}) == 8);
  CHECK(status({"report", "a"}) == 0);
  CHECK(status({"report", "nowhere"}) == 4);
  CHECK(status({"list"}) == 0);
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
  const test::TemporaryFolder scratch;
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
  const test::TemporaryFolder scratch;
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
