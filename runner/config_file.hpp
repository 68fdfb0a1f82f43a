/// Config texts: limits before reading, `extends`, and overrides from the command line.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "runner/json.hpp"
#include "runner/messages.hpp"

namespace pushforward::runner {

/// The bytes of a config file.
/// @throws Refused E205 if it cannot be read, E202 if it is too large
std::string read_config_text(const std::filesystem::path& file);

/// Merges `over` onto `base`: objects key by key, null deletes, all else replaces.
void merge(Json& base, const Json& over);

class ConfigReader {
 public:
  ConfigReader(Findings& findings, bool allow_outside)
      : findings_(findings), allow_outside_(allow_outside) {}

  /// The object in `text`, merged onto what it extends. `folder` is what its paths mean.
  Json read(const std::string& text, const std::filesystem::path& name,
            const std::filesystem::path& folder);

  /// Applies "POINTER=VALUE"; the value is read as JSON, else as a string.
  void set(Json& config, const std::string& text);

 private:
  void add_base(const Json& entry, const std::filesystem::path& folder, Json& merged);

  Findings& findings_;
  bool allow_outside_;
  std::vector<std::filesystem::path> chain_;  // files being read, the outermost first
};

}  // namespace pushforward::runner
