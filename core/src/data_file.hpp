/// Opening untrusted files, and writing files whole or not at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string_view>

namespace pushforward::detail {

struct DataFile {
  std::ifstream stream;
  std::uint64_t size = 0;  ///< Bytes.
};

/// @throws DataError unless `path` is a regular file that can be read.
DataFile open_data_file(const std::filesystem::path& path);

/// Appends bytes to a file being written.
using ByteSink = std::function<void(std::string_view)>;

/// Calls `write` with a sink onto a temporary file beside `path`, flushes it to the disk and
/// renames it to `path`.
/// @throws DataError, leaving `path` as it was and no temporary file; also what `write` throws.
void write_atomically(const std::filesystem::path& path,
                      const std::function<void(const ByteSink&)>& write);

}  // namespace pushforward::detail
