#include "runner/files.hpp"

#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <sys/file.h>
#include <unistd.h>

#include "runner/messages.hpp"

namespace pushforward::runner {

namespace {

constexpr int exit_resources = 7;
constexpr int exit_busy = 9;

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what, int error) {
  throw Refused("E703", path.string(), what + ": " + std::strerror(error), exit_resources);
}

void flush_folder(const std::filesystem::path& folder) {
  const int descriptor =
      ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;  // some file systems do not let folders be opened
  ::fsync(descriptor);
  ::close(descriptor);
}

}  // namespace

void write_atomically(const std::filesystem::path& path, std::string_view bytes) {
  const std::filesystem::path temporary =
      path.parent_path() / ("." + path.filename().string() + ".tmp-" + std::to_string(::getpid()));
  const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) fail(path, "cannot be written", errno);
  const auto give_up = [&](const std::string& what) {
    const int error = errno;
    ::close(descriptor);
    ::unlink(temporary.c_str());
    fail(path, what, error);
  };
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t wrote = ::write(descriptor, bytes.data() + done, bytes.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) give_up("writing stopped after " + std::to_string(done) + " bytes");
    done += static_cast<std::size_t>(wrote);
  }
  if (::fsync(descriptor) != 0) give_up("cannot be flushed");
  ::close(descriptor);
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary.c_str());
    fail(path, "cannot be put in place", error);
  }
  flush_folder(path.parent_path());
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in) throw Refused("E704", path.string(), "cannot be read", 4);
  return bytes;
}

std::filesystem::path create_fresh_folder(const std::filesystem::path& parent,
                                          const std::string& name) {
  std::error_code error;
  std::filesystem::create_directories(parent, error);
  if (error) fail(parent, "cannot be created", error.value());
  for (int k = 1; k < 10000; ++k) {
    const auto folder = parent / (k == 1 ? name : name + "-" + std::to_string(k));
    const bool made = std::filesystem::create_directory(folder, error);
    if (made) return folder;
    if (error && error != std::errc::file_exists) {
      fail(folder, "cannot be created", error.value());
    }
  }
  fail(parent / name, "cannot be created", EEXIST);
}

void claim_folder(const std::filesystem::path& folder) {
  std::error_code error;
  if (std::filesystem::exists(folder, error)) {
    if (std::filesystem::is_directory(folder, error) && std::filesystem::is_empty(folder, error) &&
        !error) {
      return;
    }
    throw Refused("E704", folder.string(),
                  "exists and is not an empty folder; nothing is overwritten", exit_busy);
  }
  std::filesystem::create_directories(folder, error);
  if (error) fail(folder, "cannot be created", error.value());
}

std::string npy_bytes(const Matrix& points) {
  std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': (" +
                       std::to_string(points.cols()) + ", " + std::to_string(points.rows()) +
                       "), }";
  constexpr std::size_t fixed = 10;  // magic, version, length
  header.append(64 - (fixed + header.size() + 1) % 64, ' ');
  header += '\n';
  std::string bytes("\x93NUMPY\x01\x00", 8);
  bytes += static_cast<char>(header.size() & 255);
  bytes += static_cast<char>(header.size() >> 8);
  bytes += header;
  bytes.reserve(bytes.size() + static_cast<std::size_t>(points.size()) * 8);
  for (Index i = 0; i < points.size(); ++i) {
    const auto bits = std::bit_cast<std::uint64_t>(points.data()[i]);
    for (int shift = 0; shift < 64; shift += 8) bytes += static_cast<char>((bits >> shift) & 255);
  }
  return bytes;
}

FolderLock::FolderLock(const std::filesystem::path& folder) {
  descriptor_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor_ < 0) fail(folder, "cannot be opened", errno);
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    ::close(descriptor_);
    std::string holder;
    try {
      const std::string status = read_file(folder / "status.json");
      holder = "; its status.json says " + status.substr(0, status.find_last_not_of('\n') + 1);
    } catch (const Refused&) {
      // The holder has not come so far.
    }
    throw Refused("E902", folder.string(), "another process works in this folder" + holder,
                  exit_busy);
  }
}

FolderLock::~FolderLock() { ::close(descriptor_); }

}  // namespace pushforward::runner
