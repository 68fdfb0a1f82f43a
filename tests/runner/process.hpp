/// An executable as a process: started, signalled, waited for.
#pragma once

#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <signal.h>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "runner/files.hpp"
#include "tests/runner/temporary_folder.hpp"

namespace pushforward::runner::test {

struct Ended {
  int status = 0;  ///< 128 + signal if it was killed
  std::string out, err;
};

/// A process of the test executable or another one, with its output in files.
class Process {
 public:
  /// `prepare` runs in the new process before the program does.
  Process(const std::filesystem::path& folder, std::vector<std::string> arguments,
          const std::function<void()>& prepare = {}, const char* program = PUSHFORWARD_TOY)
      : folder_(folder) {
    std::vector<char*> argv{const_cast<char*>(program)};
    for (auto& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      if (::chdir(folder.c_str()) != 0) ::_exit(99);
      const int out = ::open("out.txt", O_WRONLY | O_CREAT | O_TRUNC, 0644);
      const int err = ::open("err.txt", O_WRONLY | O_CREAT | O_TRUNC, 0644);
      ::dup2(out, 1);
      ::dup2(err, 2);
      if (prepare) prepare();
      ::execv(program, argv.data());
      ::_exit(98);
    }
  }
  void send(int signal) const { ::kill(pid_, signal); }
  Ended wait() {
    int raw = 0;
    ::waitpid(pid_, &raw, 0);
    return {.status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw),
            .out = read_file(folder_ / "out.txt"),
            .err = read_file(folder_ / "err.txt")};
  }

 private:
  std::filesystem::path folder_;
  pid_t pid_ = -1;
};

inline Ended run(const std::filesystem::path& folder, std::vector<std::string> arguments,
                 const std::function<void()>& prepare = {}) {
  return Process(folder, std::move(arguments), prepare).wait();
}

/// walk.json: a run that takes a fifth of a second or more with the default number of steps.
inline void write_config(const std::filesystem::path& folder, int steps = 600,
                         const std::string& checkpoint_every = "1ms") {
  std::ofstream(folder / "walk.json")
      << "{\"version\": 1, \"task\": \"test.walk\", \"seed\": 5, \"runtime\": {\"threads\": 1, "
         "\"checkpoint_every\": \""
      << checkpoint_every << "\"}, \"solver\": {\"steps\": " << steps << ", \"work\": 300000}}";
}

inline bool same_results(const std::filesystem::path& a, const std::filesystem::path& b) {
  for (const char* file :
       {"result.json", "metrics.jsonl", "arrays/norms.npy", "arrays/index.json"}) {
    if (read_file(a / file) != read_file(b / file)) return false;
  }
  return true;
}

/// No file that was being written is left.
inline bool no_leftovers(const std::filesystem::path& folder) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().filename().string().find(".tmp-") != std::string::npos) return false;
  }
  return true;
}

inline void pause(int milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

/// Waits until `ready()`; gives up after twenty seconds.
inline bool eventually(const std::function<bool()>& ready) {
  for (int i = 0; i < 20000; ++i) {
    if (ready()) return true;
    pause(1);
  }
  return false;
}

/// Waits until a file has some bytes.
inline bool comes_up(const std::filesystem::path& file, std::uintmax_t bytes) {
  return eventually([&] {
    std::error_code error;
    const auto size = std::filesystem::file_size(file, error);
    return !error && size >= bytes;
  });
}

}  // namespace pushforward::runner::test
