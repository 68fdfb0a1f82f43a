#include "runner/report.hpp"

#include <algorithm>

#include "runner/figure_text.hpp"
#include "runner/report_html.hpp"

namespace pushforward::runner {
namespace {

std::string verdict_sentence(const ReportModel& model) {
  const auto count = [&](std::string_view outcome) {
    return std::count_if(model.checks.begin(), model.checks.end(),
                         [&](const ReportCheck& c) { return c.outcome == outcome; });
  };
  const auto n = static_cast<std::ptrdiff_t>(model.checks.size()) - count("skipped");
  const auto checks = std::to_string(n) + (n == 1 ? " check" : " checks");
  if (model.verdict == "ok") {
    if (n == 0) return "The run finished. It asserts nothing: its config has no checks.";
    return n == 1 ? "The run finished and its check passed."
                  : "The run finished and all " + checks + " passed.";
  }
  if (model.verdict == "check_failed") {
    return std::to_string(count("fail")) + " of " + checks + " failed.";
  }
  if (model.verdict == "inconclusive") {
    return std::to_string(count("inconclusive")) + " of " + checks +
           " could not be decided: the standard errors are too large.";
  }
  if (model.verdict == "not_converged") return "The solver stopped before it converged.";
  if (model.verdict == "interrupted") return "The run was stopped before its end.";
  return "The run failed.";
}

std::string banner(const ReportModel& model) {
  const bool good = model.verdict == "ok";
  const bool open = model.verdict == "inconclusive" || model.verdict == "interrupted";
  std::string out = "<div class=\"banner banner-";
  out += good ? "good" : open ? "open" : "bad";
  out += "\"><p>" + html::badge(model.verdict) + " \u2002" + escaped(verdict_sentence(model));
  if (!model.verdict_note.empty()) out += " " + html::prose(model.verdict_note);
  return out + "</p></div>\n";
}

std::string checks_table(const std::vector<ReportCheck>& checks) {
  if (checks.empty()) return {};
  std::string out =
      "<div class=\"scroll\"><table><thead><tr><th>Check</th><th class=\"num\">Measured</th>"
      "<th>Required</th><th>Outcome</th></tr></thead>\n<tbody>";
  for (const auto& check : checks) {
    out += "<tr><td>" + html::prose(check.statement.empty() ? check.id : check.statement);
    if (!check.note.empty()) out += "<p class=\"small\">" + html::prose(check.note) + "</p>";
    out += "</td><td class=\"num\">" + escaped(measured_text(check.measured)) + "</td><td>" +
           html::prose(check.bound) + "</td><td>" + html::badge(check.outcome) + "</td></tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

std::string facts(const std::vector<ReportNumber>& numbers) {
  if (numbers.empty()) return {};
  std::string out = "<div class=\"facts\">\n";
  for (const auto& number : numbers) {
    out += "<div class=\"fact\"><p class=\"fact-name\">" + html::prose(number.name) +
           "</p><p class=\"fact-value\">" + escaped(measured_text(number.measured));
    if (!number.unit.empty()) {
      out += " <span class=\"fact-unit\">" + escaped(number.unit) + "</span>";
    }
    out += "</p>";
    if (!number.method.empty()) out += "<p class=\"small\">" + html::prose(number.method) + "</p>";
    out += "</div>\n";
  }
  return out + "</div>\n";
}

std::string lines(const std::vector<std::string>& texts) {
  std::string out;
  for (const auto& text : texts) out += "<li>" + html::prose(text) + "</li>\n";
  return out.empty() ? out : "<ul>" + out + "</ul>\n";
}

std::string provenance_table(const ReportModel& model) {
  if (model.provenance.empty()) return {};
  std::string out = "<div class=\"scroll\"><table class=\"pairs\"><tbody>\n";
  for (const auto& [name, value] : model.provenance) {
    out += "<tr><td>" + escaped(name) + "</td><td>" + escaped(value) + "</td></tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

/// The drawings of a model in order of appearance, rendered once.
struct Drawings {
  std::vector<std::string> markup;
  std::vector<bool> left_out;
};

std::string whole_page(const ReportModel& model, const Drawings& drawings) {
  std::string body = "<header><p class=\"kicker\">" + escaped(model.task) + "</p><h1>" +
                     escaped(model.title) + "</h1></header>\n";
  body += banner(model) + checks_table(model.checks);
  if (!model.summary.empty()) body += "<p class=\"lead\">" + html::prose(model.summary) + "</p>\n";
  body += html::section("Key numbers", facts(model.numbers));
  std::size_t next = 0;
  for (const auto& part : model.sections) {
    std::string content = html::paragraphs(part.paragraphs);
    for (const auto& table : part.tables) content += html::table(table);
    for (const auto& figure : part.figures) {
      content += drawings.left_out[next] ? html::left_out(figure, drawings.markup[next].size())
                                         : drawings.markup[next];
      ++next;
    }
    body += html::section(part.title, content);
  }
  body += html::section("Warnings", lines(model.warnings));
  if (!model.resolved_config.empty()) {
    body +=
        html::section("Resolved config",
                      "<details open><summary>Every setting, defaults filled in</summary><pre>" +
                          escaped(model.resolved_config) + "</pre></details>\n");
  }
  body += html::section("Provenance", provenance_table(model));
  std::string commands;
  for (const auto& command : model.reproduce) commands += escaped(command) + "\n";
  if (!commands.empty()) commands = "<pre>" + commands + "</pre>\n";
  body += html::section("How to reproduce", commands);
  return html::page(model.title, body);
}

}  // namespace

std::string report_html(const ReportModel& model, std::size_t most_bytes) {
  Drawings drawings;
  for (const auto& part : model.sections) {
    for (const auto& figure : part.figures) drawings.markup.push_back(html::figure(figure));
  }
  drawings.left_out.assign(drawings.markup.size(), false);
  for (;;) {
    auto page = whole_page(model, drawings);
    if (page.size() <= most_bytes) return page;
    std::size_t largest = drawings.markup.size(), size = 0;
    for (std::size_t i = 0; i < drawings.markup.size(); ++i) {
      if (drawings.left_out[i] || drawings.markup[i].size() <= size) continue;
      largest = i;
      size = drawings.markup[i].size();
    }
    if (largest == drawings.markup.size()) return page;  // the text alone: it is never cut
    drawings.left_out[largest] = true;
  }
}

}  // namespace pushforward::runner
