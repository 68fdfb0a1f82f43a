#include "core/src/data_file.hpp"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "pushforward/core/point_io.hpp"

namespace pushforward {
namespace {

std::string placed(const std::filesystem::path& path, std::int64_t line, std::int64_t column,
                   const std::string& message) {
  std::string text = path.string();
  if (line > 0) text += ":" + std::to_string(line);
  if (line > 0 && column > 0) text += ":" + std::to_string(column);
  return text + ": " + message;
}

// A file descriptor whose file vanishes unless it is kept.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::filesystem::path target) : target_(std::move(target)) {
    static std::atomic<unsigned> count{0};
    path_ = target_;
    path_ += "." + std::to_string(::getpid()) + "-" + std::to_string(count++) + ".partial";
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ < 0) fail();
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!kept_) ::unlink(path_.c_str());
  }

  void append(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail();
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  void keep() {
    if (::fsync(descriptor_) != 0) fail();
    if (::close(std::exchange(descriptor_, -1)) != 0) fail();
    if (::rename(path_.c_str(), target_.c_str()) != 0) fail();
    kept_ = true;
  }

 private:
  [[noreturn]] void fail() const {
    throw DataError(DataFault::unwritable, target_,
                    "cannot be written: " + std::generic_category().message(errno));
  }

  std::filesystem::path target_;
  std::filesystem::path path_;
  int descriptor_ = -1;
  bool kept_ = false;
};

}  // namespace

DataError::DataError(DataFault fault, std::filesystem::path path, std::string message,
                     std::int64_t line, std::int64_t column)
    : std::runtime_error(placed(path, line, column, message)),
      fault_(fault),
      path_(std::move(path)),
      message_(std::move(message)),
      line_(line),
      column_(column) {}

namespace detail {

DataFile open_data_file(const std::filesystem::path& path) {
  const auto fail = [&](const std::string& why) {
    throw DataError(DataFault::unreadable, path, why);
  };
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) fail("no such file");
  if (error) fail("cannot be read: " + error.message());
  if (std::filesystem::is_directory(status)) fail("is a directory, expected a file");
  // A pipe or a device has no length to hold a header against, and may never end.
  if (!std::filesystem::is_regular_file(status)) fail("is not a regular file");
  DataFile file;
  file.size = std::filesystem::file_size(path, error);
  if (error) fail("cannot be read: " + error.message());
  file.stream.open(path, std::ios::binary);
  if (!file.stream) fail("cannot be read: " + std::generic_category().message(errno));
  return file;
}

void write_atomically(const std::filesystem::path& path,
                      const std::function<void(const ByteSink&)>& write) {
  TemporaryFile file(path);
  write([&](std::string_view bytes) { file.append(bytes); });
  file.keep();
}

}  // namespace detail
}  // namespace pushforward
