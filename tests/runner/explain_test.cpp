// What is generated from field lists must agree with what reads configs.
#include "runner/explain.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "runner/catalogue.hpp"
#include "runner/config.hpp"
#include "tests/runner/toy_task.hpp"

using namespace pushforward::runner;

namespace {

void check_init(const Task& task, const Registry& registry) {
  CAPTURE(task.name());
  for (const bool minimal : {false, true}) {
    const std::string text = init_text(task, minimal);
    try {
      const RunPlan plan =
          load_config_text(text, minimal ? "init.json" : "init.jsonc", registry, {.folder = "."});
      CHECK(plan.task == &task);
    } catch (const Refused& refused) {
      FAIL(refused.what());
    }
  }
}

}  // namespace

TEST_CASE("explain: init of every task, full and minimal, is a valid config") {
  Registry registry;
  registry.add<test::ToyTask>();
  check_init(*registry.tasks().front(), registry);
  const Registry shipped = shipped_tasks();
  for (const auto& task : shipped.tasks()) check_init(*task, shipped);
}

TEST_CASE("explain: full and minimal init mean the same run") {
  Registry registry;
  registry.add<test::ToyTask>();
  const Task& task = *registry.tasks().front();
  const auto hash = [&](bool minimal) {
    return load_config_text(init_text(task, minimal), "init.jsonc", registry).config_hash();
  };
  CHECK(hash(false) == hash(true));
}

TEST_CASE("explain: the schema says what the reader enforces") {
  Registry registry;
  registry.add<test::ToyTask>();
  const Task& task = *registry.tasks().front();
  const auto schema = nlohmann::json::parse(schema_text(&task, registry));
  CHECK(schema["$schema"] == "http://json-schema.org/draft-07/schema#");
  CHECK(schema["additionalProperties"] == false);
  CHECK(schema["required"] == nlohmann::json({"version", "task", "seed"}));
  const auto& solver = schema["properties"]["solver"]["properties"];
  CHECK(solver["epsilon"]["exclusiveMinimum"] == 0);
  CHECK(solver["epsilon"]["default"] == 0.05);
  CHECK(solver["steps"]["type"] == "integer");
  CHECK(solver["steps"]["minimum"] == 1);
  CHECK(solver["steps"]["maximum"] == 2147483647);
  CHECK(solver["cap"]["anyOf"][1]["enum"][0] == "inf");
  CHECK(solver["levels"]["items"]["exclusiveMinimum"] == 0);
  CHECK(schema["properties"]["problem"]["properties"]["source"]["anyOf"].size() == 3);
  CHECK(schema["properties"]["task"]["enum"][0] == "test.walk");
}

TEST_CASE("explain: every name that is listed has its line") {
  const Registry shipped = shipped_tasks();
  for (const std::string& kind : catalogue_kinds()) {
    const Catalogue rows = catalogue(kind, shipped);
    CAPTURE(kind);
    CHECK(rows.size() >= 3);
    for (const CatalogueRow& row : rows) {
      CAPTURE(row.name);
      CHECK_FALSE(row.meaning.empty());
      CHECK(row.meaning.find('\n') == std::string::npos);
      CHECK(row.tasks.empty() == (kind == "tasks"));
    }
  }
}

TEST_CASE("explain: describe shows one key with type, range, default and meaning") {
  Registry registry;
  registry.add<test::ToyTask>();
  const Task& task = *registry.tasks().front();
  CHECK(describe_text(task, "/solver/epsilon") ==
        "epsilon: a number greater than 0 (default 0.05)\n    size of an increment\n"
        "    as in --set /solver/epsilon=0.05\n");
  CHECK(describe_text(task, "/problem/source/half_width").starts_with("half_width: a number"));
  CHECK(describe_text(task, "/runtime/time_limit").find("\"none\"") != std::string::npos);
  CHECK(describe_text(task, "").find("coordinate_*") != std::string::npos);
  CHECK(describe_text(task, "").find("may grow when a run is resumed:\n  /solver/laps\n") !=
        std::string::npos);
  CHECK_THROWS_AS(describe_text(task, "/solver/x"), Refused);
}
