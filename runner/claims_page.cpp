#include <cmath>

#include "pushforward/core/options.hpp"

#include "runner/claims.hpp"
#include "runner/figure_text.hpp"
#include "runner/report_html.hpp"

namespace pushforward::runner {
namespace {

std::string anchor(std::size_t k) { return "claim-" + std::to_string(k + 1); }

/// What the checks measured, when the experiment drew nothing itself.
Figure figure_of_checks(const ClaimOutcome& outcome) {
  Figure figure{.title = "What the checks measured"};
  figure.description = "One bar per check of the claim: " + outcome.sentence;
  BarPanel panel;
  BarGroup group{.name = "measured"};
  for (const auto& check : outcome.checks) {
    panel.categories.push_back(check.id + " (" + check.bound + ")");
    group.values.push_back(check.measured.value);
    group.standard_errors.push_back(check.measured.standard_error);
  }
  panel.groups.push_back(std::move(group));
  figure.panels.push_back(std::move(panel));
  return figure;
}

std::string overview(const std::vector<ClaimOutcome>& outcomes) {
  std::string out =
      "<div class=\"scroll\"><table><thead><tr><th>Claim</th><th>Source</th>"
      "<th class=\"num\">Measured</th><th>Bound</th><th>Verdict</th></tr></thead>\n<tbody>";
  for (std::size_t k = 0; k < outcomes.size(); ++k) {
    const auto& outcome = outcomes[k];
    // One line in the overview: the first check that decides, all of them below.
    const ReportCheck* shown = outcome.checks.empty() ? nullptr : &outcome.checks.front();
    for (const auto& check : outcome.checks) {
      if (check.outcome != "pass") {
        shown = &check;
        break;
      }
    }
    out += "<tr><td><a href=\"#" + anchor(k) + "\">" + html::prose(outcome.sentence) +
           "</a></td><td>" + escaped(outcome.source) + "</td><td class=\"num\">" +
           (shown ? escaped(measured_text(shown->measured)) : "") + "</td><td>" +
           (shown ? html::prose(shown->bound) : "") + "</td><td>" +
           html::badge(name(outcome.verdict())) + "</td></tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

std::string checks_of(const ClaimOutcome& outcome) {
  if (outcome.checks.empty()) return {};
  std::string out =
      "<div class=\"scroll\"><table><thead><tr><th>Check</th><th class=\"num\">Measured</th>"
      "<th>Bound</th><th>Verdict</th></tr></thead>\n<tbody>";
  for (const auto& check : outcome.checks) {
    out += "<tr><td>" + html::prose(check.statement.empty() ? check.id : check.statement);
    if (!check.note.empty()) out += "<p class=\"small\">" + html::prose(check.note) + "</p>";
    out += "</td><td class=\"num\">" + escaped(measured_text(check.measured)) + "</td><td>" +
           html::prose(check.bound) + "</td><td>" + html::badge(check.outcome) + "</td></tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

std::string claim(const ClaimOutcome& outcome, std::size_t k) {
  std::string out = "<section id=\"" + anchor(k) + "\"><h2>" + html::prose(outcome.sentence) +
                    "</h2>\n<p class=\"kicker\">" + html::badge(name(outcome.verdict())) +
                    " \u2002" + escaped(std::string(name(outcome.kind))) + " \u2002" +
                    escaped(outcome.source) + " \u2002<code>" +
                    escaped(outcome.file.generic_string()) + "</code></p>\n";
  if (!outcome.problem.empty()) {
    out += "<div class=\"banner banner-bad\"><pre>" + escaped(outcome.problem) + "</pre></div>\n";
  }
  out += checks_of(outcome);
  if (outcome.figure || !outcome.checks.empty()) {
    Figure figure = outcome.figure ? *outcome.figure : figure_of_checks(outcome);
    // Two claims may run the same task, whose figures have the same ids: a page needs them unique.
    figure.id = anchor(k);
    out += html::figure(figure);
  }
  if (!outcome.config.empty()) {
    out += "<details><summary>The experiment</summary><pre>" + escaped(outcome.config) +
           "</pre></details>\n";
  }
  return out + "</section>\n";
}

}  // namespace

std::string claims_page(const std::vector<ClaimOutcome>& outcomes) {
  const bool good = claims_exit_status(outcomes) == 0;
  std::string body =
      "<header><p class=\"kicker\">Pushforward</p><h1>Claims and what was measured</h1></header>\n"
      "<div class=\"banner banner-";
  body += good ? "good" : "bad";
  body += "\"><p>" + html::badge(good ? "pass" : "fail") + " \u2002" +
          escaped(claims_sentence(outcomes)) + "</p></div>\n";
  body +=
      "<p class=\"lead\">Each claim states a result of the literature in our words; an experiment "
      "with known truth measures it, and its checks decide.</p>\n";
  body += overview(outcomes);
  for (std::size_t k = 0; k < outcomes.size(); ++k) body += claim(outcomes[k], k);
  return html::page("Claims and what was measured", body);
}

}  // namespace pushforward::runner
