/// What a stopped run needs to go on: finished stages, and the state inside the one under way.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runner/stage_work.hpp"

namespace pushforward::runner {

/// Where a stage stood when its budget was spent: from here a larger budget goes on.
struct BudgetEnd {
  Bundle state;
  std::vector<std::string> warnings;
  std::uint64_t metrics_bytes = 0;
  StageWork work;
};

struct FinishedStage {
  std::string name;
  std::shared_ptr<const Bundle> outcome;
  std::vector<std::string> warnings;
  std::shared_ptr<const BudgetEnd> budget_end;  ///< nullptr: it ended for another reason
  StageWork work;
};

struct Checkpoint {
  std::string resume_hash;   ///< RunPlan::resume_hash() of the run it belongs to
  std::string build_id;      ///< of the program that wrote it
  bool mixed_build = false;  ///< an earlier part was computed by another build
  bool complete = false;     ///< the run is over: only a larger budget goes on from here
  std::vector<FinishedStage> finished;
  std::string current;                ///< name of the stage under way; may be empty
  std::optional<Bundle> state;        ///< inside it; nothing if it starts afresh
  std::vector<std::string> warnings;  ///< of the stage under way
  StageWork work;                     ///< of the stage under way
  std::uint64_t metrics_bytes = 0;    ///< length of metrics.jsonl
};

/// Puts the run back to where the first budget was spent, if one was: that stage is under way
/// again, and what came behind it is forgotten.
void reopen(Checkpoint& checkpoint);

/// Magic, length, JSON header, raw arrays, SHA-256 of all before it.
std::string checkpoint_bytes(const Checkpoint& checkpoint);
/// @throws std::runtime_error saying what is wrong with the bytes
Checkpoint parse_checkpoint(const std::string& bytes);

/// Writes checkpoint number `number` into `folder` and removes all but the newest `keep`.
void write_checkpoint(const std::filesystem::path& folder, int number, int keep,
                      const Checkpoint& checkpoint);

struct FoundCheckpoint {
  Checkpoint checkpoint;
  int number = 0;
  std::vector<std::string> damaged;  ///< files that did not verify and are now named *.bad
};

/// The newest checkpoint that verifies. Damaged ones are renamed to *.bad.
/// @throws Refused E801 (exit status 8) if there is none
FoundCheckpoint newest_checkpoint(const std::filesystem::path& folder);

}  // namespace pushforward::runner
