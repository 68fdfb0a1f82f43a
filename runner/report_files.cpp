#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>

#include "pushforward/core/errors.hpp"

#include "runner/figure_json.hpp"
#include "runner/figure_vega.hpp"
#include "runner/report.hpp"
#include "runner/svg.hpp"

namespace pushforward::runner {
namespace {

using Document = nlohmann::ordered_json;

Document to_document(const ReportModel& model) {
  Document checks = Document::array(), numbers = Document::array(), sections = Document::array();
  for (const auto& c : model.checks) {
    checks.push_back({{"id", c.id},
                      {"statement", c.statement},
                      {"measured", to_json(c.measured)},
                      {"bound", c.bound},
                      {"outcome", c.outcome},
                      {"note", c.note}});
  }
  for (const auto& n : model.numbers) {
    numbers.push_back({{"name", n.name},
                       {"measured", to_json(n.measured)},
                       {"unit", n.unit},
                       {"method", n.method}});
  }
  for (const auto& part : model.sections) {
    Document tables = Document::array(), figures = Document::array();
    for (const auto& table : part.tables) tables.push_back(to_json(table));
    for (const auto& figure : part.figures) figures.push_back(figure.id);
    sections.push_back({{"title", part.title},
                        {"paragraphs", part.paragraphs},
                        {"tables", tables},
                        {"figures", figures}});
  }
  Document provenance = Document::array();
  for (const auto& [name, value] : model.provenance) provenance.push_back({name, value});
  return {{"version", 1},
          {"title", model.title},
          {"task", model.task},
          {"verdict", model.verdict},
          {"verdict_note", model.verdict_note},
          {"checks", checks},
          {"summary", model.summary},
          {"numbers", numbers},
          {"sections", sections},
          {"warnings", model.warnings},
          {"resolved_config", model.resolved_config},
          {"provenance", provenance},
          {"reproduce", model.reproduce}};
}

/// Strings that are not UTF-8 must not stop a report: they are written with replacements.
std::string text_of(const Document& document) {
  return document.dump(-1, ' ', false, Document::error_handler_t::replace) + "\n";
}

Document read_document(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error(path.string() + ": cannot be read");
  std::ostringstream text;
  text << in.rdbuf();
  // Depth is checked by the parser's callback before anything recursive sees the document.
  bool too_deep = false;
  const auto document = Document::parse(
      text.str(),
      [&](int depth, Document::parse_event_t, Document&) {
        too_deep |= depth > 64;
        return !too_deep;
      },
      false);
  if (document.is_discarded() || too_deep || !document.is_object()) {
    throw std::runtime_error(path.string() + ": is not the JSON object that was written there");
  }
  return document;
}

ReportModel from_documents(const Document& d, const std::filesystem::path& folder) {
  if (d.at("version").get<int>() != 1) {
    throw std::invalid_argument("its format is newer than this program");
  }
  ReportModel model;
  d.at("title").get_to(model.title);
  d.at("task").get_to(model.task);
  d.at("verdict").get_to(model.verdict);
  d.at("verdict_note").get_to(model.verdict_note);
  for (const auto& c : d.at("checks")) {
    model.checks.push_back({c.at("id").get<std::string>(), c.at("statement").get<std::string>(),
                            measured_from_json(c.at("measured")), c.at("bound").get<std::string>(),
                            c.at("outcome").get<std::string>(), c.at("note").get<std::string>()});
  }
  d.at("summary").get_to(model.summary);
  for (const auto& n : d.at("numbers")) {
    model.numbers.push_back({n.at("name").get<std::string>(), measured_from_json(n.at("measured")),
                             n.at("unit").get<std::string>(), n.at("method").get<std::string>()});
  }
  for (const auto& s : d.at("sections")) {
    ReportSection part{.title = s.at("title").get<std::string>(),
                       .paragraphs = s.at("paragraphs").get<std::vector<std::string>>()};
    for (const auto& table : s.at("tables")) part.tables.push_back(table_from_json(table));
    for (const auto& id : s.at("figures")) {
      // The name comes from a file: a valid id cannot leave the folder.
      const Figure named{.id = id.get<std::string>()};
      named.validate();
      const auto path = folder / "figures" / (named.id + ".json");
      try {
        part.figures.push_back(figure_from_json(read_document(path)));
      } catch (const std::invalid_argument& error) {
        throw std::runtime_error(path.string() + ": " + error.what());
      }
    }
    model.sections.push_back(std::move(part));
  }
  d.at("warnings").get_to(model.warnings);
  d.at("resolved_config").get_to(model.resolved_config);
  for (const auto& pair : d.at("provenance")) {
    model.provenance.emplace_back(pair.at(0).get<std::string>(), pair.at(1).get<std::string>());
  }
  d.at("reproduce").get_to(model.reproduce);
  return model;
}

}  // namespace

std::vector<ReportFile> report_files(const ReportModel& model) {
  std::vector<ReportFile> files;
  std::set<std::string> ids;
  for (const auto& part : model.sections) {
    for (const auto& figure : part.figures) {
      figure.validate();
      require(ids.insert(figure.id).second, "report_files", "figure id", figure.id,
              "different from that of every other figure");
      files.push_back({"figures/" + figure.id + ".svg", svg_file(figure)});
      files.push_back({"figures/" + figure.id + ".json", text_of(to_json(figure))});
      files.push_back({"figures/" + figure.id + ".vl.json", text_of(vega_lite(figure))});
    }
  }
  files.push_back({"report.json", text_of(to_document(model))});
  files.push_back({"report.html", report_html(model)});
  return files;
}

ReportModel read_report(const std::filesystem::path& run_folder) {
  const auto path = run_folder / "report.json";
  const auto document = read_document(path);
  try {
    return from_documents(document, run_folder);
  } catch (const Document::exception& error) {
    throw std::runtime_error(path.string() + ": damaged (" + error.what() + ")");
  } catch (const std::invalid_argument& error) {
    throw std::runtime_error(path.string() + ": " + error.what());
  }
}

}  // namespace pushforward::runner
