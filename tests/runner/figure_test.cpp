#include "runner/figure.hpp"

#include <cmath>
#include <limits>
#include <numeric>

#include <doctest/doctest.h>

#include "pushforward/core/rng.hpp"

#include "runner/figure_json.hpp"

using namespace pushforward;
using namespace pushforward::runner;

namespace {

Matrix spiral(Index n) {
  Matrix points(2, n);
  for (Index i = 0; i < n; ++i) {
    const double t = static_cast<double>(i) / static_cast<double>(n);
    points.col(i) << t * std::cos(20.0 * t), t * std::sin(20.0 * t);
  }
  return points;
}

}  // namespace

TEST_CASE("point_cloud: up to 2000 points are kept, more are counted, and none is lost") {
  const Frame frame{-0.5, 0.5, -0.5, 0.5};
  Matrix few = spiral(2000), many = spiral(100'000);
  few(0, 7) = std::nan("");
  many(1, 11) = std::numeric_limits<double>::infinity();

  const auto drawn = point_cloud("few", few, frame);
  const auto binned = point_cloud("many", many, frame);

  CHECK_FALSE(drawn.binned());
  CHECK(drawn.not_finite == 1);
  CHECK(static_cast<std::int64_t>(drawn.x.size()) + drawn.outside + drawn.not_finite == 2000);
  REQUIRE(binned.binned());
  CHECK(binned.x.empty());
  const auto inside = std::accumulate(binned.counts.begin(), binned.counts.end(), std::int64_t{0});
  CHECK(inside + binned.outside + binned.not_finite == 100'000);
}

TEST_CASE("point_cloud: the edges of the frame belong to it") {
  Matrix corners(2, 2001);
  corners.setConstant(1.0);
  const auto cloud = point_cloud("corner", corners, {0.0, 1.0, 0.0, 1.0});
  CHECK(cloud.outside == 0);
  CHECK(cloud.counts.back() == 2001);
}

TEST_CASE("frame_around: no points, one point and non-finite points give a finite frame") {
  CHECK(frame_around(Matrix(2, 0)) == Frame{0.0, 1.0, 0.0, 1.0});
  Matrix one(2, 2);
  one << 3.0, std::nan(""), 0.0, 1.0;
  const auto frame = frame_around(one);
  CHECK(frame.x_low < 3.0);
  CHECK(frame.x_high > 3.0);
}

TEST_CASE("histogram: densities times widths add up to the share inside") {
  Vector samples = Vector::LinSpaced(1000, 0.0, 10.0);
  samples(3) = std::nan("");
  const auto h = histogram("x", samples, 0.0, 5.0);
  double mass = 0.0;
  for (std::size_t i = 0; i < h.density.size(); ++i) {
    mass += h.density[i] * (h.edges[i + 1] - h.edges[i]);
  }
  CHECK(h.not_finite == 1);
  // 1000 additions of numbers below one.
  CHECK(mass == doctest::Approx(1.0 - static_cast<double>(h.outside + 1) / 1000.0).epsilon(1e-12));
}

TEST_CASE("empirical_cdf: rises to one at the largest sample") {
  const Vector samples = Vector::LinSpaced(1001, -1.0, 1.0);
  const auto cdf = empirical_cdf("F", samples, 10);
  REQUIRE(cdf.x.size() == 10);
  CHECK(cdf.x.back() == 1.0);
  CHECK(cdf.y.back() == 1.0);
  CHECK(empirical_cdf("none", Vector(0)).x.empty());
}

TEST_CASE("image_row: values are cut to the range of ink") {
  Matrix pixels(4, 1);
  pixels << -3.0, 8.0, 16.0, 99.0;
  const auto row = image_row("digits", pixels, 0.0, 16.0);
  CHECK(row.images[0] == std::vector<std::uint8_t>{0, 8, 16, 16});
}

TEST_CASE("transport_lines: says how many lines there were") {
  const Matrix points = spiral(1000);
  const auto lines = transport_lines("map", points, points, 100);
  CHECK(lines.x0.size() == 100);
  CHECK(lines.total == 1000);
}

TEST_CASE("figure: a size that does not fit is named with its panel") {
  Figure figure{.id = "orders", .panels = {LinePanel{}, LinePanel{}}};
  std::get<LinePanel>(figure.panels[1])
      .series.push_back({.name = "a", .x = {1.0, 2.0}, .y = {1.0}});
  CHECK_THROWS_WITH_AS(figure.validate(),
                       "Figure \"orders\": panels[1].series[0].y.size() is 1, expected one per x",
                       std::invalid_argument);
  figure.id = "../etc";
  CHECK_THROWS_WITH_AS(figure.validate(),
                       "Figure: id is \"../etc\", expected at most 64 letters, digits, '.', '_' or "
                       "'-', not starting with '.'",
                       std::invalid_argument);
  Figure log{.id = "log", .panels = {LinePanel{}}};
  std::get<LinePanel>(log.panels[0]).y = {.scale = Scale::log, .low = 0.0};
  CHECK_THROWS_WITH_AS(
      log.validate(),
      "Figure \"log\": panels[0].y limit is 0, expected greater than 0 on a log axis",
      std::invalid_argument);
}

TEST_CASE("figure JSON: NaN and infinities survive, and damage is named by its pointer") {
  Figure figure{.id = "x", .title = "t"};
  LinePanel panel;
  panel.series.push_back({.name = "a",
                          .x = {1.0, 2.0, 3.0},
                          .y = {std::nan(""), HUGE_VAL, -HUGE_VAL},
                          .slope = FittedSlope{1.0, 0.1}});
  figure.panels.push_back(panel);
  auto json = to_json(figure);
  const auto again = figure_from_json(json);
  const auto& y = std::get<LinePanel>(again.panels[0]).series[0].y;
  CHECK(std::isnan(y[0]));
  CHECK(y[1] == HUGE_VAL);
  CHECK(y[2] == -HUGE_VAL);

  json["panels"][0]["series"][0]["x"] = "wrong";
  CHECK_THROWS_WITH_AS(figure_from_json(json),
                       "figure JSON at /panels/0/series/0/x: expected a list",
                       std::invalid_argument);
  json["panels"][0].erase("series");
  CHECK_THROWS_WITH_AS(figure_from_json(json),
                       "figure JSON at /panels/0: expected the key \"series\"",
                       std::invalid_argument);
  json["panels"][0]["type"] = "pie";
  CHECK_THROWS_WITH_AS(
      figure_from_json(json),
      "figure JSON at /panels/0/type: expected line, scatter, histogram, bar or image",
      std::invalid_argument);
}

TEST_CASE("table: rows have one cell per column, and survive storing") {
  Table table{.id = "t", .title = "T", .columns = {{"a"}, {"b", "s", Better::smaller}}};
  table.rows = {{std::string("x"), Measured{1.0, 0.1}}, {std::string("y"), Measured{2.0}}};
  table.validate();
  const auto again = table_from_json(to_json(table));
  CHECK(to_json(again) == to_json(table));
  table.rows[1].pop_back();
  CHECK_THROWS_WITH_AS(table.validate(),
                       "Table \"t\": rows[1].size() is 1, expected one cell per column",
                       std::invalid_argument);
}
