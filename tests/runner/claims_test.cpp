#include "runner/claims.hpp"

#include <cmath>
#include <sstream>

#include <doctest/doctest.h>

#include "runner/figure_text.hpp"
#include "tests/runner/markup_scanner.hpp"

using namespace pushforward;
using namespace pushforward::runner;
using pushforward::runner::testing::scan;

namespace {

ReportCheck check(std::string outcome, double value = 0.0931) {
  return {"distance", "", {value, 0.0031}, "below 0.358", std::move(outcome), ""};
}

ClaimOutcome claim(std::vector<ReportCheck> checks) {
  return {.file = "examples/claims/a.json",
          .sentence =
              "With at most ten evaluations the expressway is closer to the target than "
              "every rival at the same number of evaluations.",
          .source = "li2023dpmot",
          .kind = ClaimKind::table,
          .checks = std::move(checks)};
}

}  // namespace

TEST_CASE("claims: one failed check fails a claim, one undecided leaves it open") {
  CHECK(claim({check("pass"), check("pass")}).verdict() == ClaimVerdict::pass);
  CHECK(claim({check("pass"), check("inconclusive")}).verdict() == ClaimVerdict::inconclusive);
  CHECK(claim({check("inconclusive"), check("fail")}).verdict() == ClaimVerdict::fail);
  CHECK(claim({}).verdict() == ClaimVerdict::fail);
  auto broken = claim({check("pass")});
  broken.problem = "the solver stopped before it converged";
  CHECK(broken.verdict() == ClaimVerdict::fail);
}

TEST_CASE("claims: the exit status is 0 only if every claim passed, and none is not enough") {
  CHECK(claims_exit_status({claim({check("pass")})}) == 0);
  CHECK(claims_exit_status({claim({check("pass")}), claim({check("inconclusive")})}) == 6);
  CHECK(claims_exit_status({claim({check("fail")})}) == 6);
  CHECK(claims_exit_status({}) == 6);
}

TEST_CASE("claims: the sentence counts") {
  CHECK(claims_sentence({claim({check("pass")})}) == "The claim holds.");
  CHECK(claims_sentence({claim({check("pass")}), claim({check("pass")})}) == "All 2 claims hold.");
  CHECK(claims_sentence(
            {claim({check("pass")}), claim({check("fail")}), claim({check("inconclusive")})}) ==
        "1 of 3 claims hold, 1 failed, 1 could not be decided.");
}

TEST_CASE("claims: the table fits any width and loses no word") {
  auto two = claim({check("pass"), check("fail", 12.5)});
  two.source = "averylongcitationkeywithoutanyspace2024";
  for (const std::size_t width : {30u, 71u, 72u, 80u, 100u, 132u, 240u}) {
    std::istringstream table(claims_table({claim({check("pass")}), two}, width, false));
    std::string line, words;
    while (std::getline(table, line)) {
      CAPTURE(width);
      CAPTURE(line);
      CHECK(text_length(line) <= std::max<std::size_t>(width, 60));
      words += line + "\n";
    }
    for (const std::string_view word : {"expressway", "evaluations.", "pass", "fail"}) {
      CHECK(words.find(word) != std::string::npos);
    }
  }
}

TEST_CASE("claims: a table never passes control characters on to the terminal") {
  auto evil = claim({check("pass")});
  evil.sentence = "clear \x1b[2J screen";
  CHECK(claims_table({evil}, 100, false).find('\x1b') == std::string::npos);
  CHECK(claims_table({evil}, 50, false).find('\x1b') == std::string::npos);
  CHECK(claims_table({evil}, 100, true).find("\x1b[2J") == std::string::npos);
}

TEST_CASE("claims: the page shows every claim with a figure, and outside text as text") {
  const std::string attack = "<img src=x onerror=alert(1)>";
  auto hostile = claim({check("fail")});
  hostile.sentence = hostile.source = hostile.problem = hostile.config = attack;
  hostile.file = attack;
  hostile.checks[0].statement = hostile.checks[0].bound = hostile.checks[0].id = attack;
  const auto page = claims_page({claim({check("pass")}), hostile, claim({})});
  const auto scanned = scan(page, true);
  CHECK(scanned.problem == "");
  CHECK(page.find("<img") == std::string::npos);
  CHECK(page.find("id=\"f-claim-1\"") != std::string::npos);
  CHECK(page.find("id=\"f-claim-2\"") != std::string::npos);
  CHECK(page.find("1 of 3 claims hold, 2 failed.") != std::string::npos);
}

TEST_CASE("claims: JSON lines are one object a claim") {
  const auto lines = claims_json_lines({claim({check("pass")}), claim({})});
  CHECK(std::count(lines.begin(), lines.end(), '\n') == 2);
  CHECK(lines.find("\"verdict\":\"pass\"") != std::string::npos);
}
