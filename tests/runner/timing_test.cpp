// What a run spent: timing.json, the report's part on time, and times over an interruption.
#include <cmath>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "runner/time_section.hpp"
#include "tests/runner/toy_runs.hpp"

using namespace pushforward::runner;
using namespace pushforward::runner::test;

namespace {

nlohmann::json timing_of(const std::filesystem::path& folder) {
  return nlohmann::json::parse(read_file(folder / "timing.json"));
}

/// The lines of metrics.jsonl of each stage.
std::map<std::string, std::size_t> lines_of(const std::filesystem::path& folder) {
  std::map<std::string, std::size_t> lines;
  std::istringstream in(read_file(folder / "metrics.jsonl"));
  for (std::string line; std::getline(in, line);) {
    ++lines[nlohmann::json::parse(line)["stage"].get<std::string>()];
  }
  return lines;
}

/// Each recorded step has its times, which do not fall and stay below the stage's own.
void check_times(const std::filesystem::path& folder) {
  const auto timing = timing_of(folder);
  CHECK(timing["peak_bytes"].get<double>() > 1e6);
  auto lines = lines_of(folder);
  for (const auto& stage : timing["stages"]) {
    CAPTURE(stage.dump());
    const auto name = stage["stage"].get<std::string>();
    for (const char* clock : {"wall_seconds", "cpu_seconds"}) {
      const auto times = stage["recorded"][clock].get<std::vector<double>>();
      CHECK(times.size() == lines[name]);
      CHECK(std::is_sorted(times.begin(), times.end()));
      CHECK(times.front() >= 0.0);
      CHECK(times.back() <= stage[clock].get<double>());
    }
  }
}

}  // namespace

TEST_CASE("timing: calls, steps and their rates, and the time of every recorded step") {
  const TemporaryFolder scratch;
  const FinishedRun run = run_in_new_folder(toy_plan(), into(scratch.path / "run"));
  check_times(run.folder);
  const auto walk = timing_of(run.folder)["stages"][1];
  CHECK(walk["stage"] == "walk");
  CHECK(walk["steps"] == 60);
  CHECK(walk["calls"]["random walk"]["count"] == 60);
  const double wall = walk["wall_seconds"].get<double>();
  CHECK(walk["steps_per_second"].get<double>() == doctest::Approx(60.0 / wall).epsilon(1e-12));
  CHECK(walk["calls"]["random walk"]["per_second"].get<double>() ==
        doctest::Approx(60.0 / wall).epsilon(1e-12));
}

TEST_CASE("timing: a stage that was interrupted keeps the times of its first part") {
  const TemporaryFolder scratch;
  const Registry registry = toy_registry();
  // Ten times and more what fits into the time limit.
  const auto longer = load_config_text(
      R"({"version": 1, "task": "test.walk", "name": "walk", "seed": 5,)"
      R"( "runtime": {"time_limit": "50ms"}, "solver": {"steps": 500, "work": 1000000}})",
      "walk.json", registry);
  const FinishedRun part = run_in_new_folder(longer, into(scratch.path / "run"));
  REQUIRE(part.exit_status == 75);
  resume_in_folder(part.folder, registry, {"/runtime/time_limit=none"}, silent);
  check_times(part.folder);
  const auto walk = timing_of(part.folder)["stages"][1];
  CHECK(walk["recorded"]["wall_seconds"].size() == 51);
  CHECK(walk["steps"] == 500);
}

TEST_CASE("timing: the report shows what stages cost and what they recorded against time") {
  const TemporaryFolder scratch;
  const FinishedRun run = run_in_new_folder(toy_plan(), into(scratch.path / "run"));
  const ReportSection section = time_section(run.result, read_file(run.folder / "metrics.jsonl"));
  REQUIRE(section.figures.size() == 2);
  REQUIRE(section.tables.size() == 1);
  CHECK(section.tables.front().rows.size() == 3);
  CHECK(section.figures[0].id == "time-of-stages");
  const auto& panel = std::get<LinePanel>(section.figures[1].panels.front());
  CHECK(panel.title == "walk");
  CHECK(panel.y.label == "norm");
  CHECK(panel.series.front().x.size() == 6);
  for (const Figure& figure : section.figures) CHECK_NOTHROW(figure.validate());
  const std::string page = read_file(run.folder / "report.html");
  CHECK(page.find("What each stage cost") != std::string::npos);
  CHECK(page.find("What was recorded, against time") != std::string::npos);
}
