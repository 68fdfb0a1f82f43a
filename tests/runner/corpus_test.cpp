// Every text of the corpus is refused with the code, the place and the exit status it names.
#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "runner/config.hpp"
#include "runner/json_parser.hpp"
#include "tests/runner/toy_task.hpp"

using namespace pushforward::runner;

namespace {

struct BadConfig {
  std::string name, code, pointer, text;
  int line = 0, status = 0;
};

std::vector<BadConfig> corpus() {
  std::ifstream in(PUSHFORWARD_CORPUS "/bad_configs.txt", std::ios::binary);
  REQUIRE(in);
  std::vector<BadConfig> cases;
  for (std::string row; std::getline(in, row);) {
    if (row.starts_with("#: ")) {
      BadConfig next;
      std::istringstream(row.substr(3)) >> next.name >> next.code >> next.pointer >> next.line >>
          next.status;
      if (next.pointer == "-") next.pointer.clear();
      cases.push_back(next);
    } else if (!cases.empty()) {
      cases.back().text += row + "\n";
    }
  }
  for (BadConfig& bad : cases) bad.text.pop_back();  // the line end before the next heading
  return cases;
}

Registry toy_registry() {
  Registry registry;
  registry.add<test::ToyTask>();
  return registry;
}

Findings findings_of(const std::string& text, int& status) {
  const Registry registry = toy_registry();
  try {
    load_config_text(text, "case.json", registry);
  } catch (const Refused& refused) {
    status = refused.exit_status();
    return refused.findings();
  }
  status = 0;
  return {};
}

}  // namespace

TEST_CASE("corpus: each bad config is refused with its code, pointer, line and exit status") {
  const auto cases = corpus();
  CHECK(cases.size() >= 300);
  for (const BadConfig& bad : cases) {
    CAPTURE(bad.name);
    CAPTURE(bad.text);
    int status = 0;
    const Findings findings = findings_of(bad.text, status);
    CAPTURE(findings.text());
    CHECK(status == bad.status);
    const auto all = findings.sorted();
    const bool found = std::any_of(all.begin(), all.end(), [&](const Finding& finding) {
      return finding.code == bad.code && finding.pointer == bad.pointer &&
             finding.where.line == bad.line;
    });
    CHECK(found);
  }
}

TEST_CASE("corpus: cut short anywhere, a config is refused and nothing crashes") {
  const std::string whole =
      R"({"version": 1, "task": "test.walk", "seed": "0x1F", "problem": {"points": [[1e2, -0.5]],)"
      R"( "source": {"type": "uniform_box"}}, "solver": {"levels": [2, 1], "fail": false}})";
  int status = 0;
  REQUIRE(findings_of(whole, status).empty());
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CHECK_FALSE(findings_of(whole.substr(0, length), status).empty());
    CHECK(status == 3);
  }
  // One byte changed: accepted or refused as a config, never anything else.
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const char c : {'\0', '"', '{', '\x80', '\xff', '9', ','}) {
      std::string changed = whole;
      changed[i] = c;
      findings_of(changed, status);
      CHECK((status == 0 || status == 3 || status == 4));
    }
  }
}

TEST_CASE("corpus: limits hold before anything recursive or large is built") {
  int status = 0;
  const auto code_of = [&](const std::string& text) {
    const auto all = findings_of(text, status).sorted();
    return all.empty() ? std::string() : all.front().code;
  };
  const std::string open(100000, '[');
  CHECK(code_of(open) == "E202");
  CHECK(code_of(std::string(65, '[') + std::string(65, ']')) == "E202");
  CHECK(code_of(R"({"a": ")" + std::string((1 << 20) + 1, 'x') + "\"}") == "E202");
  CHECK(code_of(std::string((16 << 20) + 1, ' ')) == "E202");
  std::string many = "{\"a\": [0";
  for (int i = 0; i < 1'000'000; ++i) many += ",0";
  CHECK(code_of(many + "]}") == "E202");
  CHECK(code_of("{\"a\": \"\xff\"}") == "E204");
  CHECK(code_of("\xEF\xBB\xBF{}") == "E204");
  CHECK(code_of("{\"a\": \"\xC0\x80\"}") == "E204");      // overlong
  CHECK(code_of("{\"a\": \"\xED\xA0\x80\"}") == "E204");  // a surrogate
}

TEST_CASE("corpus: a hundred thousand unknown keys are counted, and twenty shown") {
  std::string text = "{\"version\": 1, \"task\": \"test.walk\", \"seed\": 1";
  for (int i = 0; i < 100000; ++i) text += ",\n\"unknown_" + std::to_string(i) + "\": 1";
  int status = 0;
  const Findings findings = findings_of(text + "}", status);
  CHECK(findings.size() == 100000);
  const std::string shown = findings.text();
  CHECK(std::count(shown.begin(), shown.end(), '\n') == 41);
  CHECK(shown.find("and 99980 more") != std::string::npos);
}

TEST_CASE("corpus: problems are sorted by position and name what would be right") {
  int status = 0;
  const Findings findings = findings_of(
      "{\"version\": 1, \"task\": \"test.walk\",\n"
      "\"solver\": {\"epsilonn\": 1, \"steps\": \"ten\"},\n"
      "\"problem\": {\"cost\": \"squared_euclidian\"}, \"epsilon\": 2, \"seed\": 1}",
      status);
  CHECK(findings.text() ==
        "error E301 case.json:2:12 at /solver/epsilonn\n"
        "  unknown key \"epsilonn\"; did you mean \"epsilon\"? (explain: pushforward describe "
        "test.walk /solver)\n"
        "error E303 case.json:2:36 at /solver/steps\n"
        "  expected an integer of at least 1, found the string \"ten\"\n"
        "error E305 case.json:3:21 at /problem/cost\n"
        "  \"squared_euclidian\" is not a cost; did you mean \"squared_euclidean\"? (one of "
        "\"squared_euclidean\" or \"euclidean\")\n"
        "error E302 case.json:3:43 at /epsilon\n"
        "  \"epsilon\" does not belong at the top level; move it to /solver/epsilon\n");
  const std::string lines = findings.json_lines();
  CHECK(lines.find(R"({"code": "E301", "file": "case.json", "line": 2, "column": 12)") == 0);
  CHECK(std::count(lines.begin(), lines.end(), '\n') == 4);
}
