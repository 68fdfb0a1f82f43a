/// Files that are whole or absent: written under a temporary name, flushed, then renamed.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "pushforward/core/types.hpp"

namespace pushforward::runner {

/// Writes `bytes` to `path` by a rename within its folder; what was there before stays until then.
/// The bytes are on disk before the rename and the folder after it, so that a power cut leaves the
/// old file or the new one.
/// @throws Refused E703 with the reason; the temporary file is removed
void write_atomically(const std::filesystem::path& path, std::string_view bytes);

/// @throws Refused E704 if the file cannot be read
std::string read_file(const std::filesystem::path& path);

/// Creates parent/name, or parent/name-2, -3, ... if that exists. Never one that was there.
/// @throws Refused E703
std::filesystem::path create_fresh_folder(const std::filesystem::path& parent,
                                          const std::string& name);

/// Creates `folder`, which must not exist or be empty.
/// @throws Refused E704 (exit status 9) if it holds anything, E703 if it cannot be made
void claim_folder(const std::filesystem::path& folder);

/// d x n points as a .npy file of n rows, little-endian float64 in C order.
std::string npy_bytes(const Matrix& points);

/// An advisory lock on a folder, held until destruction.
class FolderLock {
 public:
  /// @throws Refused E902 (exit status 9) if another process holds it
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace pushforward::runner
