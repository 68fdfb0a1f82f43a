/// From a config file to a plan that can be run: reading, merging, checking, loading data.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "runner/run_result.hpp"
#include "runner/task.hpp"
#include "runner/units.hpp"

namespace pushforward::runner {

/// The config format that this program writes and reads.
inline constexpr int config_version = 1;

struct LoadOptions {
  std::vector<std::string> overrides;  ///< "/solver/epsilon=0.01" or "solver.epsilon=0.01"
  bool allow_outside =
      false;  ///< let paths leave the folder trees of the config and of the process
  std::filesystem::path folder = {};  ///< what relative paths mean; empty: the config's folder
};

/// A data file that a plan has read.
struct DataFile {
  std::string entry;           ///< JSON pointer of the entry that names it
  std::filesystem::path path;  ///< as it was opened
  std::uint64_t bytes = 0;
  std::string sha256;
};

/// The config with one key at its default, for checks that compare with it.
struct Baseline {
  std::string label;  ///< OtherQuantity::run_label()
  Json resolved;
};

/// A config that has passed every check, with its data.
struct RunPlan {
  const Task* task = nullptr;
  std::string name;
  std::uint64_t seed = 0;
  std::filesystem::path file;  ///< as it was named
  std::string given;           ///< the text of the file
  Json resolved;               ///< every default filled in, in the order of the documentation
  Json comments;               ///< the `$comment` values by pointer, for provenance
  DataSet data;
  std::vector<DataFile> files;
  std::vector<CheckSpec> checks;
  std::vector<Baseline> baselines;    ///< runs to make besides, for the checks
  std::vector<OtherRun> stored_runs;  ///< results that checks compare with
  RuntimeOptions runtime;
  OnNotConverged on_not_converged = OnNotConverged::error;
  PlanEstimate estimate;
  std::filesystem::path folder;  ///< what relative paths mean
  std::vector<std::string> warnings;

  /// SHA-256 of the resolved config without name, output and runtime.
  std::string config_hash() const;
  /// The same with the hashes of the data files.
  std::string inputs_hash() const;
  /// The same without the task's budgets: what must agree for a run to go on from a checkpoint.
  std::string resume_hash() const;
  /// `resolved` without the task's budgets.
  Json without_budgets() const;
};

/// Reads, checks and loads.
/// @throws Refused with everything that is wrong
RunPlan load_config(const std::filesystem::path& file, const Registry& registry,
                    const LoadOptions& options = {});

/// The same from text; `name` stands for the file in messages and gives the default of `name`.
RunPlan load_config_text(const std::string& text, const std::filesystem::path& name,
                         const Registry& registry, const LoadOptions& options = {});

/// The shape of a whole config; `task` nullptr leaves problem, solver and output open.
Shape config_shape(const Task* task);

}  // namespace pushforward::runner
