// Merging, overrides, hashes and data files.
#include "runner/config.hpp"

#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "pushforward/core/measure.hpp"

#include "runner/files.hpp"
#include "tests/runner/temporary_folder.hpp"
#include "tests/runner/toy_task.hpp"

using namespace pushforward::runner;
namespace fs = std::filesystem;

namespace {

const Registry& toys() {
  static const Registry registry = [] {
    Registry made;
    made.add<test::ToyTask>();
    return made;
  }();
  return registry;
}

const std::string head = "\"version\": 1, \"task\": \"test.walk\", \"seed\": 1";

void write(const fs::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
}

std::string refusal(const fs::path& file, const LoadOptions& options = {}) {
  try {
    load_config(file, toys(), options);
  } catch (const Refused& refused) {
    return refused.findings().text();
  }
  return {};
}

}  // namespace

TEST_CASE("config: files extend others, the nearest wins, null deletes, lists replace") {
  const test::TemporaryFolder scratch;
  fs::create_directory(scratch.path / "common");
  write(scratch.path / "common" / "base.json",
        R"({"solver": {"steps": 10, "epsilon": 0.5, "levels": [3, 2, 1]}, "problem": {"dim": 4}})");
  write(scratch.path / "common" / "quick.json",
        R"({"extends": "base.json", "solver": {"steps": 20}})");
  write(scratch.path / "run.json", "{" + head +
                                       R"(, "extends": "common/quick.json", )"
                                       R"("solver": {"epsilon": null, "levels": [9]}})");
  const RunPlan plan = load_config(scratch.path / "run.json", toys());
  CHECK(plan.resolved.at("/solver/steps")->number() == 20);
  CHECK(plan.resolved.at("/solver/epsilon")->number() == 0.05);
  CHECK(plan.resolved.at("/solver/levels")->items().size() == 1);
  CHECK(plan.resolved.at("/problem/dim")->number() == 4);
  CHECK(plan.name == "run");
  const RunPlan other = load_config(
      scratch.path / "run.json", toys(),
      {.overrides = {"/solver/steps=30", "solver.steps=31", "problem.source.half_width=2",
                     "problem.source.type=uniform_box"}});
  CHECK(other.resolved.at("/solver/steps")->number() == 31);
  CHECK(other.resolved.at("/problem/source")->compact() ==
        R"({"type": "uniform_box", "half_width": 2})");
}

TEST_CASE("config: circles and long chains of extends are refused, with the chain") {
  const test::TemporaryFolder scratch;
  write(scratch.path / "a.json", R"({"extends": "b.json"})");
  write(scratch.path / "b.json", R"({"extends": "a.json"})");
  CHECK(refusal(scratch.path / "a.json").find("in a circle: a.json -> b.json -> a.json") !=
        std::string::npos);
  for (int i = 0; i < 12; ++i) {
    write(scratch.path / ("c" + std::to_string(i) + ".json"),
          "{\"extends\": \"c" + std::to_string(i + 1) + ".json\"}");
  }
  CHECK(refusal(scratch.path / "c0.json").find("more than 8 deep") != std::string::npos);
}

TEST_CASE("config: a problem in an extended file is shown in that file") {
  const test::TemporaryFolder scratch;
  write(scratch.path / "base.json", "{\n\"solver\": {\"steps\": 0}}");
  write(scratch.path / "run.json", "{" + head + R"(, "extends": "base.json"})");
  CHECK(refusal(scratch.path / "run.json").find("base.json:2:21 at /solver/steps") !=
        std::string::npos);
  CHECK(refusal(scratch.path / "run.json", {.overrides = {"/solver/steps=-2"}})
            .find("--set /solver/steps=-2") != std::string::npos);
}

TEST_CASE("config: the hash ignores name, output, runtime, comments and order, nothing else") {
  const auto hash = [](const std::string& more) {
    return load_config_text("{" + head + more + "}", "a.json", toys()).config_hash();
  };
  const std::string plain = hash("");
  CHECK(hash(R"(, "name": "b", "output": {"path": false}, "runtime": {"threads": 3})") == plain);
  CHECK(hash(R"(, "$comment": "x", "solver": {"$comment": 1})") == plain);
  CHECK(hash(R"(, "solver": {"steps": 2e2, "epsilon": 0.050})") == plain);
  CHECK(hash(R"(, "problem": {"source": "gaussian"})") == plain);
  CHECK(hash(R"(, "solver": {"steps": 201})") != plain);
  CHECK(load_config_text(R"({"version": 1, "task": "test.walk", "seed": "0x1"})", "a.json", toys())
            .seed == 1);
}

TEST_CASE("config: resolved configs load to themselves") {
  const RunPlan plan = load_config_text(
      "{" + head +
          R"(, "checks": [{"quantity": "norm", "max": 3}], "problem": {"points": [[1, 2]]}})",
      "a.json", toys());
  const RunPlan again = load_config_text(plan.resolved.pretty(), "b.json", toys());
  CHECK(again.resolved.canonical() == plan.resolved.canonical());
  CHECK(again.config_hash() == plan.config_hash());
}

TEST_CASE("config: data files are read, hashed and refused with their place") {
  const test::TemporaryFolder scratch;
  const auto with = [&](const std::string& entry) {
    write(scratch.path / "run.json", "{" + head + ",\n\"data\": {\"x\": " + entry + "}}");
    return refusal(scratch.path / "run.json");
  };
  write(scratch.path / "good.csv", "x,y,w\n1,2,0.25\n3,4,0.75\n");
  CHECK(with(R"({"file": "good.csv", "columns": ["x", "y"]})").empty());
  const RunPlan plan = load_config(scratch.path / "run.json", toys());
  CHECK(plan.files.size() == 1);
  CHECK(plan.data.find({"x"})->size() == 2);
  CHECK(with(R"({"file": "good.csv", "weights": {"type": "column", "column": "w"}})").empty());
  const RunPlan weighted = load_config(scratch.path / "run.json", toys());
  CHECK(weighted.data.find({"x"})->dim() == 2);
  CHECK(weighted.data.find({"x"})->weights()(1) == 0.75);
  CHECK(weighted.inputs_hash() != weighted.config_hash());

  write(scratch.path / "bad.csv", "x,y\n1,2\nn/a,4\n");
  CHECK(with(R"({"file": "bad.csv"})")
            .find("E402 " + (scratch.path / "bad.csv").string() + ":3:1 at /data/x") !=
        std::string::npos);
  CHECK(with(R"({"file": "bad.csv", "missing": "drop"})").empty());
  CHECK(with(R"({"file": "good.csv", "columns": ["z"]})").find("E403") != std::string::npos);

  const std::string npy = npy_bytes(pushforward::Matrix::Ones(2, 3));
  write(scratch.path / "x.npy", npy);
  CHECK(with(R"({"file": "x.npy"})").empty());
  write(scratch.path / "x.npy", npy.substr(0, npy.size() - 8));
  CHECK(with(R"({"file": "x.npy"})").find("E407") != std::string::npos);
  write(scratch.path / "x.npy", npy.substr(0, 20));
  CHECK(with(R"({"file": "x.npy"})").find("at /data/x") != std::string::npos);
  pushforward::Matrix holed = pushforward::Matrix::Ones(2, 3);
  holed(1, 1) = pushforward::not_known;
  write(scratch.path / "x.npy", npy_bytes(holed));
  CHECK(with(R"({"file": "x.npy"})").find("E402") != std::string::npos);
  write(scratch.path / "x.npy", npy_bytes(pushforward::Matrix(2, 0)));
  CHECK(with(R"({"file": "x.npy"})").find("E40") != std::string::npos);

  std::string header = "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2, 3)}\n";
  const auto array = [&](const std::string& text, std::size_t bytes) {
    return "\x93NUMPY\x01" + std::string(1, '\0') + static_cast<char>(text.size()) +
           std::string(1, '\0') + text + std::string(bytes, '\x07');
  };
  write(scratch.path / "x.npy", array(header, 6));
  CHECK(with(R"({"file": "x.npy"})").empty());
  const RunPlan picture = load_config(scratch.path / "run.json", toys());
  CHECK(picture.data.picture_width({"x"}) == 2);
  CHECK(picture.data.find({"x"})->points() == pushforward::Matrix::Constant(3, 2, 7.0));
  CHECK(picture.warnings.empty());
  header.replace(header.find("3)"), 1, "4");
  write(scratch.path / "x.npy", array(header, 8));
  CHECK(with(R"({"file": "x.npy"})").find("a colour picture has shape (height, width, 3)") !=
        std::string::npos);
}
