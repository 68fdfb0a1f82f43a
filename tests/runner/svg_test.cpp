#include "runner/svg.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include <doctest/doctest.h>

#include "pushforward/core/densities/presets.hpp"

#include "runner/figure_json.hpp"
#include "runner/figure_text.hpp"
#include "runner/svg_contours.hpp"
#include "runner/svg_scale.hpp"
#include "tests/runner/markup_scanner.hpp"

using namespace pushforward;
using namespace pushforward::runner;
using pushforward::runner::testing::scan;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double inf = std::numeric_limits<double>::infinity();
const std::string attack = "<img src=x onerror=alert(1)>";

Matrix draws(Index n) { return ring_of_gaussians(8, 4.0, 0.3).draws({.seed = 3}, n); }

/// One panel of every kind, with strings from outside wherever a string can stand.
Figure everything(Index points = 3000) {
  Figure f{
      .id = "all", .title = attack, .description = "\"quoted\" & " + attack, .caption = attack};
  LinePanel lines{.title = attack, .x = {.label = attack, .unit = "s", .scale = Scale::log}};
  lines.y = {.label = "error", .scale = Scale::log};
  lines.series.push_back({.name = attack,
                          .x = {1.0, 2.0, 4.0, 8.0},
                          .y = {1.0, not_a_number, -0.1, 0.01},
                          .standard_errors = {0.1, 0.1, 0.1, 0.1},
                          .slope = FittedSlope{-1.0, 0.02}});
  lines.series.push_back(power_law("order 1", 1.0, 1.0, 1.0, 1.0, 8.0));
  const Frame frame{-6.0, 6.0, -6.0, 6.0};
  const Matrix x = draws(points);
  ScatterPanel plane{.title = "plane", .x = {.label = attack}};
  plane.density = density_grid(ring_of_gaussians(8, 4.0, 0.3), frame, 65);
  plane.clouds.push_back(point_cloud(attack, x, frame));
  plane.segments.push_back(transport_lines(attack, x, x.rowwise().reverse(), 20));
  HistogramPanel bins{.title = "marginal"};
  bins.histograms.push_back(histogram("h", x.row(0).transpose(), -6.0, 6.0));
  bins.curves.push_back(curve(
      "c", [](double t) { return std::exp(-t * t); }, -6.0, 6.0));
  BarPanel bars{.value = {.label = "time", .unit = "s"}, .categories = {attack, "b"}};
  bars.groups.push_back(
      {.name = attack, .values = {1.0, not_a_number}, .standard_errors = {0.1, not_a_number}});
  ImagePanel images{.width = 2, .height = 2, .rows = {image_row(attack, Matrix::Ones(4, 3), 0, 1)}};
  const PicturePanel picture = picture_panel(attack, Matrix::Constant(3, 6, 200.0), 3);
  f.panels = {lines, plane, bins, bars, images, picture};
  return f;
}

}  // namespace

TEST_CASE("svg: every panel kind gives well-formed XML in which outside text stays text") {
  for (const auto& markup : {svg_file(everything()), svg_inline(everything(500))}) {
    const auto scanned = scan(markup);
    CHECK(scanned.problem == "");
    CHECK(scanned.text.find(attack) != std::string::npos);
    for (const auto& name : scanned.elements) CHECK(name != "img");
    CHECK(markup.find("<img") == std::string::npos);
    CHECK(markup.find("nan") == std::string::npos);
    CHECK(markup.find("inf") == std::string::npos);
  }
}

TEST_CASE("svg: has a title, a description and no reference to the outside") {
  const auto markup = svg_file(everything());
  CHECK(markup.find("role=\"img\" aria-labelledby=\"t-all d-all\"") != std::string::npos);
  CHECK(markup.find("<desc id=\"d-all\">&quot;quoted&quot; &amp; &lt;img") != std::string::npos);
  auto outside = markup;
  outside.erase(outside.find("http://www.w3.org/2000/svg"), 26);  // the name space itself
  CHECK(outside.find("http") == std::string::npos);
  CHECK(outside.find("@import") == std::string::npos);
  CHECK(outside.find("<script") == std::string::npos);
}

TEST_CASE("svg: the same figure gives the same bytes, also after storing and reading it") {
  const auto figure = everything();
  CHECK(svg_file(figure) == svg_file(everything()));
  const auto stored = to_json(figure).dump();
  const auto again = figure_from_json(nlohmann::ordered_json::parse(stored));
  CHECK(svg_file(again) == svg_file(figure));
  CHECK(to_json(again).dump() == stored);
}

TEST_CASE("svg: 100000 points in a panel stay below 100 KB and are announced as binned") {
  Figure figure{.id = "many", .title = "many"};
  ScatterPanel panel;
  panel.clouds.push_back(point_cloud("points", draws(100'000), {-6.0, 6.0, -6.0, 6.0}));
  figure.panels.push_back(panel);
  CHECK(svg_file(figure).size() < 100'000);
  const auto notes = figure_notes(figure);
  REQUIRE_FALSE(notes.empty());
  CHECK(notes.front().find("100\u202F000 points a panel, counted in 96 × 96 bins") !=
        std::string::npos);
}

TEST_CASE("svg: few lines end in a dot, many do not, and lines of no length are dots of ink") {
  const auto drawn = [](Index count, bool lengthless) {
    const Matrix from = draws(count);
    Matrix to = from;
    if (!lengthless) to.row(0).array() += 1.0;
    ScatterPanel panel;
    panel.segments.push_back(transport_lines("lines", from, to, count));
    return svg_inline({.id = "lines", .title = "lines", .panels = {panel}});
  };
  const auto has = [](const std::string& markup, const std::string& text) {
    return markup.find(text) != std::string::npos;
  };
  const std::string head = "class=\"axis\" stroke-width=\"3\"", dot = "class=\"stipple\"";
  CHECK(has(drawn(300, false), head));
  CHECK_FALSE(has(drawn(301, false), head));
  CHECK(has(drawn(301, true), dot));
  CHECK_FALSE(has(drawn(300, false), dot));
}

TEST_CASE("svg: empty panels, one point and values without a place say so and do not fail") {
  Figure figure{.id = "edge", .title = "edge"};
  LinePanel single{.y = {.scale = Scale::log}}, lost;
  single.series.push_back({.name = "one", .x = {3.0}, .y = {0.02}});
  lost.series.push_back({.name = "none", .x = {1.0, 2.0, inf}, .y = {not_a_number, inf, 1.0}});
  figure.panels = {LinePanel{},
                   ScatterPanel{},
                   HistogramPanel{},
                   BarPanel{},
                   ImagePanel{.width = 1, .height = 1},
                   single,
                   lost};
  const auto markup = svg_file(figure);
  CHECK(scan(markup).problem == "");
  CHECK(markup.find("no data to show") != std::string::npos);
  CHECK(figure_notes(figure) ==
        std::vector<std::string>{"3 values are not finite and left as a gap."});
  CHECK(scan(svg_file({.id = "none"})).problem == "");
}

TEST_CASE("svg: non-positive values on a log axis are gaps and are counted") {
  Figure figure{.id = "log", .title = "log"};
  LinePanel panel{.y = {.scale = Scale::log}};
  panel.series.push_back({.name = "a",
                          .x = {1, 2, 3, 4, 5, 6},
                          .y = {1.0, 0.5, 0.0, -1.0, 0.1, 0.05},
                          .mark = Mark::line});
  figure.panels.push_back(panel);
  CHECK(figure_notes(figure) ==
        std::vector<std::string>{
            "2 values are not positive and left as a gap on the logarithmic axis."});
  // The line is in two pieces: the pen is set down twice.
  const auto markup = svg_file(figure);
  const auto line = markup.find("class=\"line l0\"");
  REQUIRE(line != std::string::npos);
  const auto path = markup.substr(line, markup.find("/>", line) - line);
  CHECK(std::count(path.begin(), path.end(), 'M') == 2);
}

TEST_CASE("svg: panels that share an axis have the same limits") {
  svg::Range wide(Scale::linear);
  wide.include({0.0, 10.0});
  const auto plan = svg::plan_axis({}, wide, 300.0, 14.0, true);
  CHECK(plan.low == 0.0);
  CHECK(plan.share(10.0) < 1.0);
}

TEST_CASE("plan_axis: ticks stand at round numbers inside the limits") {
  svg::Range data(Scale::linear);
  data.include({-0.37, 1.94});
  const auto plan = svg::plan_axis({}, data, 400.0, 40.0, false);
  CHECK(plan.ticks.size() >= 4);
  for (const auto& tick : plan.ticks) {
    CHECK(plan.share(tick.value) >= 0.0);
    CHECK(plan.share(tick.value) <= 1.0);
    CHECK(tick.label.size() <= 6);
  }
  svg::Range decades(Scale::log);
  decades.include({3e-9, 2.0});
  const auto logs = svg::plan_axis({.scale = Scale::log}, decades, 300.0, 34.0, false);
  for (const auto& tick : logs.ticks) {
    if (tick.label.empty()) continue;
    const double exponent = std::log10(tick.value);
    CHECK(std::abs(exponent - std::round(exponent)) < 1e-9);
  }
}

TEST_CASE("plan_axis: a log axis over less than a decade still has two labels") {
  for (const double high : {1.1, 2.0, 3.5, 9.0, 30.0}) {
    svg::Range data(Scale::log);
    data.include({0.9, high});
    const auto plan = svg::plan_axis({.scale = Scale::log}, data, 200.0, 34.0, false);
    const auto labels = std::count_if(plan.ticks.begin(), plan.ticks.end(),
                                      [](const svg::Tick& t) { return !t.label.empty(); });
    CHECK(labels >= 2);
  }
}

TEST_CASE("contours: the region of a normal law with half its mass is a disc of known radius") {
  // P(|Z| <= r) = 1 - exp(-r^2 / 2) in the plane.
  DensityGrid grid{.frame = {-5.0, 5.0, -5.0, 5.0}, .columns = 101, .rows = 101};
  for (int j = 0; j < 101; ++j) {
    for (int i = 0; i < 101; ++i) {
      const double x = -5.0 + 0.1 * i, y = -5.0 + 0.1 * j;
      grid.log_density.push_back(-0.5 * (x * x + y * y));
    }
  }
  const auto found = svg::outlines(grid, svg::region_threshold(grid, 0.5));
  REQUIRE(found.size() == 1);
  const double radius = std::sqrt(2.0 * std::numbers::ln2);
  for (const auto& p : found[0]) {
    // The threshold is that of a node: its radius is known to half a spacing.
    CHECK(std::hypot(-5.0 + 0.1 * p.column, -5.0 + 0.1 * p.row) ==
          doctest::Approx(radius).epsilon(0.05));
  }
  const auto thin = svg::thinned(found[0], 3.0, 3.0, 0.1);
  CHECK(thin.size() < found[0].size());
  CHECK(thin.size() >= 8);
}

TEST_CASE("contours: a region that meets the frame is closed along it, and saddles stay apart") {
  DensityGrid full{.columns = 3, .rows = 3, .log_density = std::vector<double>(9, 0.0)};
  const auto whole = svg::outlines(full, -1.0);
  REQUIRE(whole.size() == 1);
  DensityGrid saddle{.columns = 2, .rows = 2, .log_density = {1.0, 0.0, 0.0, 1.0}};
  CHECK(svg::outlines(saddle, 0.5).size() == 2);
  CHECK(svg::outlines(saddle, 2.0).empty());
}

TEST_CASE("figure text: numbers read as people write them") {
  CHECK(number_text(0.0) == "0");
  CHECK(number_text(-0.0) == "0");
  CHECK(number_text(0.012345) == "0.01235");
  CHECK(number_text(20000.0, 6) == "20\u202F000");
  CHECK(number_text(1.5e-7) == "1.5 × 10⁻⁷");
  CHECK(number_text(-1e-7) == "−10⁻⁷");
  CHECK(number_text(999999.9, 4) == "10⁶");
  CHECK(number_text(not_a_number) == "–");
  CHECK(number_text(-inf) == "−∞");
  CHECK(measured_text({0.012345, 0.00112}) == "0.0123 ± 0.0011");
  CHECK(measured_text({1.2345e-7, 1.1e-9}) == "(1.235 ± 0.011) × 10⁻⁷");
  CHECK(measured_text({0.0, 0.25}) == "0.00 ± 0.25");
  CHECK(measured_text({2.5, not_a_number}) == "2.5");
  CHECK(coordinate(-0.001) == "0");
  CHECK(coordinate(12.5) == "12.5");
  CHECK(coordinate(not_a_number) == "0");
  CHECK(bytes_text(1536) == "1.5 KiB");
}

TEST_CASE("figure text: control characters and broken UTF-8 become the replacement character") {
  CHECK(escaped("a\x01z") == "a\uFFFDz");
  CHECK(escaped("a\xFFz") == "a\uFFFDz");
  CHECK(escaped("\xC0\xAF") == "\uFFFD\uFFFD");
  CHECK(escaped("\xED\xA0\x80").find('\xED') == std::string::npos);
  CHECK(escaped("äöü − 🙂") == "äöü − 🙂");
  CHECK(escaped("<a b='c'>&\"") == "&lt;a b=&#39;c&#39;&gt;&amp;&quot;");
}
