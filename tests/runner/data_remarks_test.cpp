#include "runner/data_remarks.hpp"

#include <doctest/doctest.h>

#include "pushforward/core/rng.hpp"

#include "runner/config.hpp"
#include "tests/runner/toy_task.hpp"

using namespace pushforward;
using namespace pushforward::runner;

namespace {

Matrix cloud(Index d, Index n) {
  Matrix points(d, n);
  fill_normal({.seed = 3}, points);
  return points;
}

using Remarks = std::vector<std::string>;

}  // namespace

TEST_CASE("data remarks: ordinary points raise none") {
  CHECK(data_remarks(cloud(3, 200)).empty());
  CHECK(data_remarks(cloud(3, 1)).empty());
  CHECK(data_remarks(cloud(5, 4)).empty());  // fewer points than coordinates say nothing on axes
  Matrix image = cloud(2, 100);
  image.row(0).setZero();  // most values agree, as at the rim of an image
  image(0, 7) = 16.0;
  CHECK(data_remarks(image).empty());
}

TEST_CASE("data remarks: coordinates that are the same in all points") {
  Matrix points = cloud(3, 50);
  points.row(1).setConstant(4.0);
  CHECK(data_remarks(points) ==
        Remarks{"coordinate 1 (from 0) is the same in all points; leave out what carries nothing"});
  points.row(2).setConstant(0.0);
  CHECK(data_remarks(points) ==
        Remarks{"2 coordinates (the first is 1, from 0) are the same in all "
                "points; leave out what carries nothing"});
}

TEST_CASE("data remarks: sizes beyond 1e8 times the spread, from an offset or from an outlier") {
  Matrix far = cloud(2, 200);
  far.row(0).array() += 1e10;
  const Remarks offset = data_remarks(far);
  REQUIRE(offset.size() == 1);
  CHECK(offset.front().starts_with("coordinate 0 (from 0) reaches "));
  CHECK(offset.front().find("times the spread of the values, above 1e8: squared distances keep no "
                            "digit; look for outliers, and subtract what all values share") !=
        std::string::npos);
  Matrix spoilt = cloud(1, 200);
  spoilt(0, 11) = 1e12;
  CHECK(data_remarks(spoilt).front().find("times the spread") != std::string::npos);
  Matrix below = cloud(1, 200);
  below.row(0).array() += 1e7;
  CHECK(data_remarks(below).empty());
}

TEST_CASE("data remarks: a covariance with condition number above 1e12") {
  Matrix points = cloud(3, 200);
  points.row(2) = points.row(0) - 2.0 * points.row(1);
  CHECK(
      data_remarks(points) ==
      Remarks{"the covariance of the coordinates is singular to rounding (the limit is 1e12): some "
              "coordinates follow from others, or their units differ widely; leave out the "
              "former, rescale the latter"});
  // Condition 4e12, within the factor by which 200 draws miss a variance.
  Matrix scaled = cloud(2, 200);
  scaled.row(0) *= 2e6;
  CHECK(data_remarks(scaled).front().starts_with(
      "the covariance of the coordinates has condition number "));
  scaled.row(0) *= 0.25;
  CHECK(data_remarks(scaled).empty());
}

TEST_CASE("data remarks: repeated points are counted") {
  Matrix points = cloud(2, 50);
  points.col(9) = points.col(3);
  CHECK(data_remarks(points) ==
        Remarks{"1 point repeats an earlier one; if that is not meant, merge "
                "them and give weights"});
  points.col(11) = points.col(3);
  CHECK(data_remarks(points).front().starts_with("2 points repeat an earlier one"));
}

TEST_CASE("data remarks: classes and counts repeat by nature, other numbers do not") {
  Matrix classes(1, 6);
  classes << 3.0, 0.0, 3.0, 7.0, -1.0, 3.0;
  CHECK(data_remarks(classes).empty());
  classes(0, 4) = 0.5;
  CHECK(data_remarks(classes).front().starts_with("2 points repeat an earlier one"));
}

TEST_CASE("data remarks: they are warnings of the plan, at the entry they belong to") {
  Registry registry;
  registry.add<test::ToyTask>();
  const RunPlan plan = load_config_text(R"({"version": 1, "task": "test.walk", "seed": 1,)"
                                        R"( "data": {"x": {"values": [[1, 2], [1, 3], [1, 3]]}}})",
                                        "a.json", registry);
  REQUIRE(plan.warnings.size() == 2);
  CHECK(plan.warnings[0].starts_with("/data/x: coordinate 0 (from 0) is the same"));
  CHECK(plan.warnings[1].starts_with("/data/x: 1 point repeats"));
}
