// Every experiment that ships, with a budget cut by overrides, runs and is reproduced byte for
// byte.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/runner/process.hpp"
#include "tests/runner/temporary_folder.hpp"

using namespace pushforward::runner::test;
namespace fs = std::filesystem;

namespace {

const fs::path experiments = fs::path(PUSHFORWARD_SOURCE_FOLDER) / "examples" / "experiments";

/// What makes an experiment small; the others are small as they are.
const std::map<std::string, std::vector<std::string>> smaller{
    {"dpm_ot_ring.json",
     {"/problem/atoms=256", "/solver/transport/tolerance=0.6", "/solver/nfe=[1, 3]",
      "/solver/reference_steps=20", "/solver/samples=1000", "/solver/reference_samples=500",
      "/solver/rival_grids=[\"karras\"]"}},
    {"dpm_ot_digits.json",
     {"/problem/atoms=128", "/solver/transport/tolerance=0.8", "/solver/nfe=[1, 3]",
      "/solver/reference_steps=10", "/solver/samples=400", "/solver/reference_samples=200",
      "/solver/block=100", "/solver/rival_grids=[\"karras\"]"}},
};

/// Whether timing.json says of at least one stage how often it called what it spends its time on.
bool names_calls(const fs::path& folder) {
  const auto timing = nlohmann::json::parse(std::ifstream(folder / "timing.json"));
  const auto& stages = timing["stages"];
  return std::any_of(stages.begin(), stages.end(),
                     [](const auto& stage) { return stage.contains("calls"); });
}

}  // namespace

TEST_SUITE_BEGIN("slow");

TEST_CASE("examples: every experiment runs and is reproduced byte for byte, on other threads too") {
  std::set<std::string> unknown;
  for (const auto& [file, overrides] : smaller) unknown.insert(file);
  for (const auto& entry : fs::directory_iterator(experiments)) {
    const std::string file = entry.path().filename().string();
    CAPTURE(file);
    unknown.erase(file);
    const TemporaryFolder scratch;
    std::vector<std::string> command{
        "run", entry.path().string(), "--out", "run", "--progress", "none", "--threads",
        "2",   "--allow-outside"};
    if (const auto cut = smaller.find(file); cut != smaller.end()) {
      for (const auto& text : cut->second) command.insert(command.end(), {"--set", text});
    }
    const Ended run = Process(scratch.path, command, {}, PUSHFORWARD_PROGRAM).wait();
    CAPTURE(run.err);
    REQUIRE(run.status == 0);
    CHECK(names_calls(scratch.path / "run"));
    const Ended again =
        Process(scratch.path, {"reproduce", "run", "--threads", "1"}, {}, PUSHFORWARD_PROGRAM)
            .wait();
    CAPTURE(again.err);
    CHECK(again.status == 0);
    CHECK(again.out.starts_with("reproduced: "));
  }
  CHECK(unknown.empty());
}

TEST_CASE("examples: what init writes for each task runs, within five seconds of one processor") {
  const TemporaryFolder scratch;
  const auto program = [&](std::vector<std::string> arguments) {
    return Process(scratch.path, std::move(arguments), {}, PUSHFORWARD_PROGRAM).wait();
  };
  std::istringstream tasks(program({"list", "tasks"}).out);
  int count = 0;
  for (std::string line; std::getline(tasks, line); ++count) {
    const std::string task = line.substr(0, line.find(' '));
    CAPTURE(task);
    std::ofstream(scratch.path / "starter.jsonc") << program({"init", task}).out;
    rusage before{}, after{};
    ::getrusage(RUSAGE_CHILDREN, &before);
    const Ended run = program({"run", "starter.jsonc", "--out", task, "--progress", "none"});
    ::getrusage(RUSAGE_CHILDREN, &after);
    CAPTURE(run.err);
    CHECK(run.status == 0);
    [[maybe_unused]] const double seconds =
        static_cast<double>(after.ru_utime.tv_sec - before.ru_utime.tv_sec) +
        1e-6 * static_cast<double>(after.ru_utime.tv_usec - before.ru_utime.tv_usec);
#ifndef __SANITIZE_ADDRESS__  // under which everything takes several times as long
    CHECK(seconds < 5.0);
#endif
  }
  CHECK(count >= 15);
}

TEST_SUITE_END();
