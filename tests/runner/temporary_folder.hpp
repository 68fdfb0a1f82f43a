/// A fresh folder that goes away with the test.
#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <unistd.h>

namespace pushforward::runner::test {

struct TemporaryFolder {
  std::filesystem::path path;

  explicit TemporaryFolder(
      const std::filesystem::path& parent = std::filesystem::temp_directory_path()) {
    static std::atomic<int> count{0};
    path =
        parent / ("pushforward-test-" + std::to_string(::getpid()) + "-" + std::to_string(count++));
    std::filesystem::create_directories(path);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  /// Where the machine has one, in memory: a test that flushes thousands of files waits for no
  /// disk.
  static std::filesystem::path in_memory() {
    const std::filesystem::path shared = "/dev/shm";
    return ::access(shared.c_str(), W_OK) == 0 ? shared : std::filesystem::temp_directory_path();
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
};

}  // namespace pushforward::runner::test
