/// The claims that ship are well formed, with a source that exists; so are the tasks' starters.
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include <doctest/doctest.h>

#include "runner/claims_run.hpp"

using namespace pushforward::runner;

namespace fs = std::filesystem;

namespace {

const fs::path root = PUSHFORWARD_SOURCE_FOLDER;

std::string text_of(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("claims: every shipped file is read without a complaint and cites a known source") {
  const Registry registry = shipped_tasks();
  const std::string references = text_of(root / "docs/references.bib");
  const std::string table = text_of(root / "docs/claims.md");
  const auto files = claim_files({root / "examples/claims"});
  CHECK(files.size() >= 9);
  std::set<std::string> sentences;
  for (const fs::path& file : files) {
    CAPTURE(file.string());
    const Claim claim = read_claim(file, registry);
    CHECK(references.find("{" + claim.source + ",") != std::string::npos);
    CHECK(claim.sentence.back() == '.');
    CHECK(sentences.insert(claim.sentence).second);
    CHECK(table.find("`" + file.stem().string() + "`") != std::string::npos);
  }
}

TEST_CASE("starters: those of the theory tasks run, and their own checks pass") {
  const Registry registry = shipped_tasks();
  for (const auto* task :
       {"diffusion.convergence", "diffusion.gaussian_contraction", "diffusion.quantile_flow",
        "diffusion.empirical_memory", "diffusion.expressway_bound", "ot.semi_discrete_rate"}) {
    CAPTURE(task);
    const std::string text(registry.find(task)->starter());
    const RunPlan plan = load_config_text(text, "starter.json", registry);
    REQUIRE_FALSE(plan.checks.empty());
    RunHost host;
    CHECK(execute(plan, host).verdict == Verdict::ok);
  }
}
