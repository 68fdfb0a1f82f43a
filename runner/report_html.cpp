#include "runner/report_html.hpp"

#include <cmath>

#include "runner/figure_text.hpp"
#include "runner/svg.hpp"

namespace pushforward::runner::html {
namespace {

constexpr std::string_view style = R"css(
html{background:var(--paper)}
body{margin:0;background:var(--paper);color:var(--ink);font-size:16px;line-height:1.6;-webkit-text-size-adjust:100%}
main{max-width:860px;margin:0 auto;padding:44px 24px 72px}
h1{font-size:32px;line-height:1.2;margin:2px 0 14px;font-weight:700;letter-spacing:-.01em;overflow-wrap:anywhere}
h2{font-size:21px;line-height:1.3;margin:52px 0 12px;font-weight:650;letter-spacing:-.005em}
h3{font-size:16px;margin:30px 0 8px;font-weight:650}
p{margin:0 0 14px;max-width:72ch}
a{color:var(--s0)}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.86em}
code{background:var(--soft);padding:.1em .35em;border-radius:4px}
pre{background:var(--soft);padding:14px 16px;border-radius:8px;overflow:auto;line-height:1.5;margin:0 0 14px;white-space:pre-wrap;overflow-wrap:anywhere}
.kicker{color:var(--muted);font-size:14px;margin:0}
.lead{font-size:18px;line-height:1.55}
.banner{border-radius:10px;padding:14px 18px;margin:18px 0 22px;background:var(--soft);border-left:5px solid var(--axis)}
.banner p{margin:0}
.banner-good{border-left-color:var(--good)}.banner-bad{border-left-color:var(--bad)}.banner-open{border-left-color:var(--open)}
.badge{font-weight:650;white-space:nowrap}
.badge-good{color:var(--good)}.badge-bad{color:var(--bad)}.badge-open{color:var(--open)}
.scroll{overflow-x:auto;margin:0 0 18px}
table{border-collapse:collapse;font-size:14.5px;line-height:1.45;width:100%;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:650;padding:0 0 8px;font-size:15px}
th{text-align:left;font-weight:600;color:var(--muted);border-bottom:1.5px solid var(--axis);padding:6px 14px 6px 0;vertical-align:bottom}
td{border-bottom:1px solid var(--grid);padding:7px 14px 7px 0;vertical-align:top}
th:last-child,td:last-child{padding-right:0}
.num{text-align:right}
td.num{white-space:nowrap}
.scroll td:first-child,.scroll th:first-child{position:sticky;left:0;background:var(--paper)}
.wide{font-size:13px}
.wide th,.wide td{padding-right:10px}
.wide td.num{white-space:normal}
.best{font-weight:700}
.small{color:var(--muted);font-size:13.5px;line-height:1.5;margin:4px 0 0}
.scroll+.small{margin:-10px 0 24px}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(225px,1fr));gap:12px;margin:0 0 18px}
.fact{background:var(--soft);border-radius:10px;padding:13px 16px}
.fact-name{color:var(--muted);font-size:13.5px;line-height:1.35;margin:0;overflow-wrap:anywhere}
.fact-value{font-size:19px;font-weight:650;margin:3px 0 0;line-height:1.3;font-variant-numeric:tabular-nums}
.fact-unit{font-size:14px;font-weight:400;color:var(--muted)}
figure{margin:26px 0 34px}
figure .scroll{margin:0}
figure .scroll+.small{margin:4px 0 0}
figcaption{margin:0 0 12px}
figcaption p{margin:2px 0 0;color:var(--muted);font-size:14.5px;line-height:1.5}
figure svg{max-width:100%;height:auto;display:block}
.figure-title{font-weight:650;font-size:16.5px;color:var(--ink)}
ul{padding-left:1.2em;margin:0 0 14px}
li{margin:0 0 6px}
details{margin:0 0 14px}
summary{cursor:pointer;font-weight:600}
.pairs td:first-child{color:var(--muted);white-space:nowrap}
.pairs td{overflow-wrap:anywhere}
.pf{--soft:#f4f6f9;--good:#00714f;--bad:#b3261e;--open:#8a5a00}
@media (prefers-color-scheme:dark){.pf{--soft:#1b212b;--good:#4fd6a4;--bad:#ff8a80;--open:#f2b53f}}
@media (max-width:640px){main{padding:24px 16px 48px}h1{font-size:26px}figure svg{max-width:none;width:640px}.wide td.num{white-space:nowrap}}
@media print{.pf{--soft:#f4f6f9;--good:#00714f;--bad:#b3261e;--open:#8a5a00}main{max-width:none;padding:0}body{font-size:10pt}
h2{margin-top:28px}figure,tr,.fact,.banner{break-inside:avoid}h2,h3,caption,figcaption{break-after:avoid}
.scroll{overflow:visible}table{font-size:9pt}.wide{font-size:7pt}.wide th,.wide td{padding:4px 5px 4px 0}.wide td.num{white-space:normal}
.scroll td:first-child,.scroll th:first-child{position:static}
.facts{grid-template-columns:repeat(3,1fr);gap:6px}.fact{border:1px solid var(--grid);padding:6px 10px}.fact-value{font-size:12pt}
.fact-name,.small{font-size:8pt}.banner{border-top:1px solid var(--grid);border-right:1px solid var(--grid);border-bottom:1px solid var(--grid)}
figure{margin:14px 0 18px}figure svg{max-width:100%;width:auto;max-height:130mm}
details pre{columns:2;font-size:7pt;padding:0}}
)css";

/// The row of the best value in a column, or -1. Values that are not finite never win.
std::ptrdiff_t best_row(const Table& table, std::size_t column) {
  const auto better = table.columns[column].better;
  if (better == Better::neither) return -1;
  std::ptrdiff_t best = -1;
  double best_value = 0.0;
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    const auto* measured = std::get_if<Measured>(&table.rows[r][column]);
    if (!measured || !std::isfinite(measured->value)) continue;
    const bool wins = best < 0 || (better == Better::smaller ? measured->value < best_value
                                                             : measured->value > best_value);
    if (wins) best = static_cast<std::ptrdiff_t>(r), best_value = measured->value;
  }
  return best;
}

/// From here on, cells of a number and its error are broken before the error.
constexpr std::size_t wide_columns = 7;

/// A number and its error, with no line break behind a sign.
std::string measured_cell(const Measured& measured) {
  std::string text = escaped(measured_text(measured));
  for (const std::string sign : {"\u00b1", "\u00d7"}) {
    const auto at = text.find(sign + " ");
    if (at != text.npos) text.replace(at, sign.size() + 1, sign + "\u00a0");
  }
  return text;
}

bool numeric(const Table& table, std::size_t column) {
  for (const auto& row : table.rows) {
    if (std::holds_alternative<Measured>(row[column])) return true;
  }
  return false;
}

std::string caption_of(const Figure& figure) {
  std::string out = "<figcaption><span class=\"figure-title\">" + escaped(figure.title) + "</span>";
  if (!figure.caption.empty()) out += "<p>" + prose(figure.caption) + "</p>";
  return out + "</figcaption>\n";
}

}  // namespace

std::string page(std::string_view title, std::string_view body) {
  std::string out =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src &#39;none&#39;; "
      "style-src &#39;unsafe-inline&#39;; img-src data:\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>";
  out += escaped(title);
  out += "</title>\n<style>";
  out += svg_style();
  out += style;
  out += "</style></head>\n<body class=\"pf\"><main>\n";
  out += body;
  out += "</main></body></html>\n";
  return out;
}

std::string prose(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto code = text.find('`'), bold = text.find("**");
    const bool is_code = code < bold;
    const auto start = std::min(code, bold);
    const std::size_t mark = is_code ? 1 : 2;
    const auto end = start == text.npos ? text.npos : text.find(is_code ? "`" : "**", start + mark);
    if (end == text.npos) break;  // an opening without its end is an ordinary character
    out += escaped(text.substr(0, start));
    const auto inner = escaped(text.substr(start + mark, end - start - mark));
    out += is_code ? "<code>" + inner + "</code>" : "<strong>" + inner + "</strong>";
    text.remove_prefix(end + mark);
  }
  return out + escaped(text);
}

std::string paragraphs(const std::vector<std::string>& texts) {
  std::string out;
  for (const auto& text : texts) out += "<p>" + prose(text) + "</p>\n";
  return out;
}

std::string table(const Table& table) {
  table.validate();
  std::string out = "<div class=\"scroll\"><table";
  out += table.columns.size() >= wide_columns ? " class=\"wide\">" : ">";
  if (!table.title.empty()) out += "<caption>" + escaped(table.title) + "</caption>";
  out += "<thead><tr>";
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    const auto& column = table.columns[c];
    out += numeric(table, c) ? "<th class=\"num\">" : "<th>";
    out += escaped(column.name);
    if (!column.unit.empty()) out += " (" + escaped(column.unit) + ")";
    out += "</th>";
  }
  out += "</tr></thead>\n<tbody>";
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    out += "<tr>";
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      const auto& cell = table.rows[r][c];
      if (const auto* text = std::get_if<std::string>(&cell)) {
        out += (numeric(table, c) ? "<td class=\"num\">" : "<td>") + prose(*text) + "</td>";
      } else {
        const bool best = best_row(table, c) == static_cast<std::ptrdiff_t>(r);
        out += best ? "<td class=\"num best\">" : "<td class=\"num\">";
        out += measured_cell(std::get<Measured>(cell)) + "</td>";
      }
    }
    out += "</tr>\n";
  }
  out += "</tbody></table></div>\n";
  if (!table.note.empty()) out += "<p class=\"small\">" + prose(table.note) + "</p>\n";
  return out;
}

std::string figure(const Figure& figure) {
  std::string out = "<figure id=\"f-" + escaped(figure.id) + "\">" + caption_of(figure);
  out += "<div class=\"scroll\">" + svg_inline(figure) + "</div>\n";
  for (const auto& note : figure_notes(figure)) {
    out += "<p class=\"small\">" + escaped(note) + "</p>";
  }
  return out + "</figure>\n";
}

std::string left_out(const Figure& figure, std::size_t bytes) {
  return "<figure id=\"f-" + escaped(figure.id) + "\">" + caption_of(figure) +
         "<p class=\"small\">This figure has " + escaped(bytes_text(bytes)) +
         " and would make the page too large: it is in <code>figures/" + escaped(figure.id) +
         ".svg</code>.</p></figure>\n";
}

std::string badge(std::string_view outcome) {
  const bool good = outcome == "pass" || outcome == "ok";
  const bool open = outcome == "inconclusive" || outcome == "interrupted" || outcome == "skipped";
  const std::string kind = good ? "good" : open ? "open" : "bad";
  const std::string mark = good                   ? "\u2713 "
                           : outcome == "skipped" ? "\u2013 "
                           : open                 ? "? "
                                                  : "\u2717 ";
  std::string word(outcome);
  for (auto& c : word) c = c == '_' ? ' ' : c;
  return "<span class=\"badge badge-" + kind + "\">" + mark + escaped(word) + "</span>";
}

std::string section(std::string_view title, std::string_view body) {
  if (body.empty()) return {};
  return "<section><h2>" + escaped(title) + "</h2>\n" + std::string(body) + "</section>\n";
}

}  // namespace pushforward::runner::html
