#include "runner/claims_run.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <ostream>

#include "runner/config_file.hpp"
#include "runner/files.hpp"
#include "runner/json_parser.hpp"

namespace pushforward::runner {
namespace {

namespace fs = std::filesystem;

/// Where `pointer` leads in `root`, or the nearest value around it; `key` asks for the place of the
/// last key instead of its value.
Position position_of(const Json& root, std::string_view pointer, bool key) {
  const Json* at = &root;
  Position found = root.where;
  for (const auto& token : pointer_tokens(pointer)) {
    const Json* next = nullptr;
    if (at->is_object()) {
      for (const auto& member : at->members()) {
        if (member.key != token) continue;
        next = &member.value;
        found = key ? member.where : member.value.where;
      }
    } else if (at->is_list()) {
      for (std::size_t i = 0; i < at->items().size(); ++i) {
        if (std::to_string(i) == token) next = &at->items()[i];
      }
      if (next) found = next->where;
    }
    if (!next) break;
    at = next;
  }
  return found;
}

class ClaimReader {
 public:
  ClaimReader(const fs::path& file, const Registry& registry) : registry_(registry) {
    claim_.file = file;
    findings_.sources = {file.string()};
  }

  Claim read() {
    const auto text = read_config_text(claim_.file);
    const auto comments =
        claim_.file.extension() == ".jsonc" ? Comments::allowed : Comments::refused;
    const auto parsed = parse_json(text, 0, comments, findings_);
    if (!parsed) throw Refused(findings_);
    document_ = *parsed;
    if (!document_.is_object()) {
      add("E303", "", "expected an object with claim, source, kind, experiment and checks");
      throw Refused(findings_);
    }
    unknown_keys();
    claim_.sentence = text_at("claim", true);
    claim_.source = text_at("source", true);
    claim_.figure = text_at("figure", false);
    const auto kind = text_at("kind", true);
    if (const auto known = from_name<ClaimKind>(kind)) {
      claim_.kind = *known;
    } else if (!kind.empty()) {
      add("E305", "/kind",
          json_string(kind.substr(0, 60)) + " is not a kind of claim; known are " +
              either({"theorem", "table", "identity"}));
    }
    experiment();
    if (!findings_.empty()) throw Refused(findings_);
    return std::move(claim_);
  }

 private:
  void add(std::string code, std::string pointer, std::string text) {
    const bool key = code == "E301" || code == "E302";
    const auto where = position_of(document_, pointer, key);
    findings_.add({std::move(code), std::move(pointer), std::move(text), where, {}});
  }

  void unknown_keys() {
    const std::vector<std::string> known = {"claim",      "source", "kind",
                                            "experiment", "checks", "figure"};
    for (const auto& member : document_.members()) {
      if (member.key == "$comment" || member.key == "$schema") continue;
      if (std::find(known.begin(), known.end(), member.key) != known.end()) continue;
      std::string text = "unknown key " + json_string(member.key.substr(0, 60));
      if (const auto guess = nearest(member.key, known)) {
        text += "; did you mean " + json_string(*guess) + "?";
      } else {
        text += "; a claim has " + either(known);
      }
      add("E301", pointer_to("", member.key), text);
    }
  }

  std::string text_at(std::string_view key, bool required) {
    const Json* value = document_.find(key);
    const auto pointer = pointer_to("", key);
    if (value == nullptr) {
      if (required) add("E308", pointer, json_string(key) + " is required");
      return {};
    }
    if (!value->is_string() || value->string().empty()) {
      add("E303", pointer, "expected text, found " + shown_value(*value));
      return {};
    }
    return value->string();
  }

  /// The experiment as a config of its own, with the claim's checks; what is wrong with it is
  /// reported at its place in the claim file.
  void experiment() {
    const Json* given = document_.find("experiment");
    const Json* checks = document_.find("checks");
    if (given == nullptr || !given->is_object()) {
      add(given ? "E303" : "E308", "/experiment",
          given ? "expected a config, found " + shown_value(*given)
                : std::string("\"experiment\" is required: the config that measures the claim"));
    } else if (given->find("checks") != nullptr) {
      add("E302", "/experiment/checks",
          "\"checks\" does not belong in the experiment; move it to /checks");
    }
    if (checks == nullptr || !checks->is_list() || checks->items().empty()) {
      add(checks ? "E303" : "E308", "/checks",
          "\"checks\" must list at least one check: what decides the claim");
    }
    if (!findings_.empty()) return;
    Json config = *given;
    config.set("checks", *checks);
    try {
      claim_.plan = load_config_text(config.pretty(), claim_.file, registry_);
    } catch (const Refused& refused) {
      move_findings(refused.findings());
    }
  }

  void move_findings(const Findings& inner) {
    // Source 0 is the text made here; others are files that the experiment extends.
    for (std::size_t k = 1; k < inner.sources.size(); ++k) {
      findings_.sources.push_back(inner.sources[k]);
    }
    for (auto finding : inner.sorted()) {
      if (finding.where.source == 0 && finding.place.empty()) {
        const bool is_check = finding.pointer.starts_with("/checks");
        const std::string pointer = (is_check ? "" : "/experiment") + finding.pointer;
        add(finding.code, pointer, finding.text);
      } else {
        findings_.add(std::move(finding));
      }
    }
  }

  const Registry& registry_;
  Claim claim_;
  Json document_;
  Findings findings_;
};

std::string utc_stamp() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &utc);
  return text;
}

std::optional<Figure> chosen_figure(const RunResult& result, const std::string& id) {
  for (const auto& section : result.sections) {
    for (const auto& figure : section.figures) {
      if (id.empty() || figure.id == id) return figure;
    }
  }
  return std::nullopt;
}

ClaimOutcome outcome_of(const Claim& claim, const RunResult& result) {
  ClaimOutcome outcome{.file = claim.file,
                       .sentence = claim.sentence,
                       .source = claim.source,
                       .kind = claim.kind,
                       .figure = chosen_figure(result, claim.figure),
                       .config = claim.plan.resolved.pretty()};
  for (const auto& check : result.checks) {
    const Scalar* scalar = result.find(check.quantity);
    const bool described = scalar != nullptr && !scalar->description.empty();
    outcome.checks.push_back({check.id,
                              described ? scalar->description : check.id,
                              {check.value, check.standard_error},
                              check.bound,
                              std::string(name(check.verdict)),
                              check.note});
  }
  if (result.verdict == Verdict::not_converged) {
    outcome.problem = "the solver stopped before it converged (" + result.status + ")";
  } else if (!claim.figure.empty() && !outcome.figure) {
    outcome.problem = "the run drew no figure " + json_string(claim.figure);
  }
  return outcome;
}

struct Interrupted {
  Stop reason;
};

}  // namespace

std::vector<fs::path> claim_files(const std::vector<fs::path>& given) {
  std::vector<fs::path> files;
  for (const auto& path : given) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      if (!fs::exists(path, error)) {
        throw Refused("E205", path.string(), "there is no such file or folder", 3);
      }
      files.push_back(path);
      continue;
    }
    std::vector<fs::path> inside;
    for (const auto& entry : fs::directory_iterator(path, error)) {
      const auto extension = entry.path().extension();
      if (extension == ".json" || extension == ".jsonc") inside.push_back(entry.path());
    }
    if (error) throw Refused("E205", path.string(), "cannot be read: " + error.message(), 3);
    if (inside.empty()) throw Refused("E205", path.string(), "holds no claim files (.json)", 3);
    std::sort(inside.begin(), inside.end());
    files.insert(files.end(), inside.begin(), inside.end());
  }
  return files;
}

Claim read_claim(const fs::path& file, const Registry& registry) {
  return ClaimReader(file, registry).read();
}

ClaimOutcome check_claim(const Claim& claim, RunHost& host) {
  const auto start = std::chrono::steady_clock::now();
  ClaimOutcome outcome;
  try {
    const auto result = execute(claim.plan, host);
    if (result.stopped != Stop::no) throw Interrupted{result.stopped};
    outcome = outcome_of(claim, result);
  } catch (const Refused& refused) {
    outcome = outcome_of(claim, {});
    outcome.problem = refused.what();
  }
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  outcome.seconds = elapsed.count();
  return outcome;
}

int check_claims(const CheckOptions& options, const Registry& registry, RunHost& host,
                 std::ostream& out, std::ostream& notes) {
  std::error_code error;
  if (!options.page.empty() && fs::exists(options.page, error)) {
    throw Refused("E704", options.page.string(), "exists already; nothing is overwritten", 9);
  }
  const auto files =
      claim_files(options.files.empty() ? std::vector<fs::path>{"examples/claims"} : options.files);
  std::vector<Claim> claims;
  int bad_status = 0;
  for (const auto& file : files) {
    try {
      claims.push_back(read_claim(file, registry));
    } catch (const Refused& refused) {
      notes << refused.what();
      bad_status = std::max(bad_status, refused.exit_status());
    }
  }
  if (bad_status != 0) return bad_status;

  std::vector<ClaimOutcome> outcomes;
  try {
    for (const auto& claim : claims) {
      notes << "[" << outcomes.size() + 1 << "/" << claims.size() << "] "
            << claim.file.stem().string() << std::endl;
      outcomes.push_back(check_claim(claim, host));
    }
  } catch (const Interrupted& interrupted) {
    notes << "stopped after " << outcomes.size() << " of " << claims.size() << " claims\n";
    return interrupted.reason == Stop::terminate ? 143 : 130;
  }
  out << (options.json ? claims_json_lines(outcomes)
                       : claims_table(outcomes, options.width, options.color));
  if (!options.json) out << claims_sentence(outcomes) << "\n";
  fs::path page = options.page;
  if (page.empty()) page = create_fresh_folder("runs", "claims-" + utc_stamp()) / "report.html";
  write_atomically(page, claims_page(outcomes));
  notes << page.string() << "\n";
  return claims_exit_status(outcomes);
}

}  // namespace pushforward::runner
