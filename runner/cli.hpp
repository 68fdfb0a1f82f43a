/// The command line: arguments, commands, exit statuses.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runner/run_folder.hpp"

namespace pushforward::runner {

/// What stands behind a command, taken apart.
struct Arguments {
  std::string command;
  std::vector<std::string> positional;
  std::vector<std::string> overrides;  ///< --set
  std::string out;                     ///< --out
  std::string replay;                  ///< --replay
  std::optional<int> threads;          ///< --threads
  ProgressMode progress = ProgressMode::automatic;
  bool dry_run = false, json = false, errors_json = false, allow_outside = false;
  bool minimal = false, help = false, allow_build_change = false;
  std::vector<std::string> line;  ///< all of it, as typed
};

/// @throws Refused E101 (exit status 2)
Arguments parse_arguments(const std::vector<std::string>& line);

// Each returns the exit status.
int run_command(const Registry& registry, const Arguments& arguments);
int validate_command(const Registry& registry, const Arguments& arguments);
int resume_command(const Registry& registry, const Arguments& arguments);
int reproduce_command(const Registry& registry, const Arguments& arguments);
int report_command(const Registry& registry, const Arguments& arguments);
int check_command(const Registry& registry, const Arguments& arguments);
int list_command(const Registry& registry, const Arguments& arguments);
int describe_command(const Registry& registry, const Arguments& arguments);
int init_command(const Registry& registry, const Arguments& arguments);
int schema_command(const Registry& registry, const Arguments& arguments);
int doctor_command(const Registry& registry, const Arguments& arguments);

/// All of `main`: dispatches, and turns whatever is thrown into a message and an exit status.
int run_program(const Registry& registry, int argc, char** argv);

}  // namespace pushforward::runner
