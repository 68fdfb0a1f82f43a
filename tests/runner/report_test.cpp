#include "runner/report.hpp"

#include <cmath>
#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "runner/figure_text.hpp"
#include "runner/figure_vega.hpp"
#include "runner/report_html.hpp"
#include "tests/runner/markup_scanner.hpp"

using namespace pushforward;
using namespace pushforward::runner;
using pushforward::runner::testing::scan;

namespace {

const std::string attack = "<img src=x onerror=alert(1)>";

Figure small_figure(std::string id) {
  Figure figure{.id = std::move(id), .title = attack, .description = attack};
  LinePanel panel{.x = {.label = attack}};
  panel.series.push_back({.name = attack, .x = {1.0, 2.0}, .y = {1.0, 0.5}});
  figure.panels.push_back(panel);
  return figure;
}

/// Outside text in every string of the model.
ReportModel hostile_model() {
  ReportModel m{.title = attack, .task = attack, .verdict = attack, .verdict_note = attack};
  m.checks = {{attack, attack, {1.0, 0.1}, attack, attack, attack}};
  m.summary = attack;
  m.numbers = {{attack, {1.0, std::nan("")}, attack, attack}};
  Table table{.id = "t", .title = attack, .columns = {{attack, attack}, {"n"}}, .note = attack};
  table.rows = {{attack, Measured{1.0, 0.1}}};
  m.sections = {
      {attack, {attack, "`" + attack + "`", "**" + attack + "**"}, {table}, {small_figure("a")}}};
  m.warnings = {attack};
  m.resolved_config = attack;
  m.provenance = {{attack, attack}};
  m.reproduce = {attack};
  return m;
}

/// A folder that is gone again at the end of a test.
struct Folder {
  std::filesystem::path path;
  explicit Folder(std::string_view name)
      : path(std::filesystem::temp_directory_path() / ("pushforward-" + std::string(name))) {
    std::filesystem::remove_all(path);
    std::filesystem::create_directories(path / "figures");
  }
  ~Folder() { std::filesystem::remove_all(path); }
  void write(const std::string& name, std::string_view content) const {
    std::ofstream(path / name, std::ios::binary) << content;
  }
};

}  // namespace

TEST_CASE("report: text from outside is text wherever it stands") {
  const auto page = report_html(hostile_model());
  const auto scanned = scan(page, true);
  CHECK(scanned.problem == "");
  for (const auto& element : scanned.elements) {
    CHECK(element != "img");
    CHECK(element != "script");
  }
  CHECK(page.find("<img") == std::string::npos);
  CHECK(scanned.text.find(attack) != std::string::npos);
}

TEST_CASE("report: needs nothing from outside and runs nothing") {
  const auto page = report_html(hostile_model());
  CHECK(page.find("<script") == std::string::npos);
  CHECK(page.find("<link") == std::string::npos);
  CHECK(page.find("src=\"") == std::string::npos);
  CHECK(page.find("url(http") == std::string::npos);
  CHECK(page.find("default-src &#39;none&#39;") != std::string::npos);
}

TEST_CASE(
    "report: keeps the order verdict, checks, sentence, numbers, sections, how to reproduce") {
  auto model = hostile_model();
  model.verdict = "check_failed";
  model.checks = {{"a", "CHECKED", {1.0, 0.1}, "at most 0.5", "fail", ""}};
  model.summary = "SENTENCE";
  model.warnings = {"WARNED"};
  const auto text = scan(report_html(model), true).text;
  std::size_t at = 0;
  for (const std::string_view part :
       {"check failed", "1 of 1 check failed.", "CHECKED", "SENTENCE", "Key numbers", "WARNED",
        "Resolved config", "Provenance", "How to reproduce"}) {
    const auto found = text.find(part, at);
    CAPTURE(part);
    REQUIRE(found != std::string::npos);
    at = found;
  }
}

TEST_CASE("report: an empty model is a page") {
  CHECK(scan(report_html({}), true).problem == "");
  CHECK(report_html({.verdict = "ok"}).find("asserts nothing") != std::string::npos);
}

TEST_CASE("report: above the limit of the page the largest drawings give way to a line") {
  ReportModel model{.title = "big", .verdict = "ok"};
  auto large = small_figure("large");
  Series many{.name = "many", .mark = Mark::points};
  for (int i = 0; i < 3000; ++i) many.x.push_back(i), many.y.push_back(i % 17);
  std::get<LinePanel>(large.panels[0]).series.push_back(many);
  model.sections = {{"Figures", {}, {}, {small_figure("small"), large}}};
  const auto page = report_html(model, 60'000);
  CHECK(page.size() <= 60'000);
  CHECK(page.find("figures/large.svg") != std::string::npos);
  CHECK(page.find("id=\"t-small\"") != std::string::npos);
  CHECK(page.find("id=\"t-large\"") == std::string::npos);
}

TEST_CASE("report: is rebuilt from its files to the same bytes") {
  const Folder folder("report-test-rebuild");
  const auto model = hostile_model();
  for (const auto& file : report_files(model)) folder.write(file.path, file.content);
  CHECK(report_html(read_report(folder.path)) == report_html(model));
}

TEST_CASE("report: missing and damaged files are named") {
  const Folder folder("report-test-damaged");
  const auto at = (folder.path / "report.json").string();
  CHECK_THROWS_WITH_AS(read_report(folder.path), (at + ": cannot be read").c_str(),
                       std::runtime_error);
  const std::string deep(100'000, '[');
  for (const char* text : {"{", "[]", deep.c_str(), ""}) {
    folder.write("report.json", text);
    CHECK_THROWS_WITH_AS(read_report(folder.path),
                         (at + ": is not the JSON object that was written there").c_str(),
                         std::runtime_error);
  }
  folder.write("report.json", "{\"version\": 1}");
  CHECK_THROWS_AS(read_report(folder.path), std::runtime_error);
  folder.write("report.json", "{\"version\": 2}");
  CHECK_THROWS_WITH_AS(read_report(folder.path),
                       (at + ": its format is newer than this program").c_str(),
                       std::runtime_error);
}

TEST_CASE("report: a figure id from a file cannot leave the folder") {
  const Folder folder("report-test-escape");
  std::string stored;
  for (const auto& file : report_files(hostile_model())) {
    folder.write(file.path, file.content);
    if (file.path == "report.json") stored = file.content;
  }
  const auto id = stored.find("\"figures\":[\"a\"]");
  REQUIRE(id != std::string::npos);
  folder.write("report.json", stored.replace(id, 15, "\"figures\":[\"../../a\"]"));
  CHECK_THROWS_AS(read_report(folder.path), std::runtime_error);
}

TEST_CASE("report: two figures of one id are refused") {
  ReportModel model;
  model.sections = {{"", {}, {}, {small_figure("a"), small_figure("a")}}};
  CHECK_THROWS_WITH_AS(
      report_files(model),
      "report_files: figure id is \"a\", expected different from that of every other figure",
      std::invalid_argument);
}

TEST_CASE("report: marks the best finite value of a column") {
  Table table{.columns = {{"n"}, {"error", "", Better::smaller}}};
  table.rows = {{std::string("a"), Measured{std::nan("")}},
                {std::string("b"), Measured{2.0}},
                {std::string("c"), Measured{1.0}}};
  const auto markup = html::table(table);
  CHECK(markup.find("<td class=\"num best\">1</td>") != std::string::npos);
  CHECK(markup.find("<td class=\"num\">2</td>") != std::string::npos);
}

TEST_CASE("report: marks in prose that do not close are ordinary characters") {
  CHECK(html::prose("a `b` **c**") == "a <code>b</code> <strong>c</strong>");
  CHECK(html::prose("a `b <c>") == "a `b &lt;c&gt;");
  CHECK(html::prose("2 ** 3") == "2 ** 3");
}

TEST_CASE("vega_lite: carries the plotted numbers, null where there is none") {
  auto figure = small_figure("v");
  auto& series = std::get<LinePanel>(figure.panels[0]).series[0];
  series.y[1] = std::nan("");
  series.standard_errors = {0.25, 0.25};
  const auto spec = vega_lite(figure);
  const auto& bars = spec["layer"][0]["data"]["values"][0];
  CHECK(bars["low"] == 0.5);
  CHECK(bars["high"] == 1.5);
  CHECK(spec["layer"][1]["data"]["values"][1]["y"].is_null());
  CHECK(spec["title"] == attack);
}
