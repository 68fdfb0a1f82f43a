// The live progress line, seen through a pseudo-terminal.
#include <algorithm>
#include <array>
#include <chrono>
#include <pty.h>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/runner/process.hpp"

using namespace pushforward::runner;
using namespace pushforward::runner::test;
namespace fs = std::filesystem;

namespace {

struct Session {
  std::string text;      ///< everything that came to the terminal
  double seconds = 0.0;  ///< how long that took
  int status = 0;
};

/// Whether this machine has pseudo-terminals; a bare container may not.
bool has_terminals() {
  int terminal = -1, program = -1;
  if (::openpty(&terminal, &program, nullptr, nullptr, nullptr) != 0) return false;
  ::close(program);
  ::close(terminal);
  return true;
}

/// Runs the program on a terminal `columns` wide.
Session on_terminal(const fs::path& folder, std::vector<std::string> arguments, int columns) {
  std::vector<char*> argv{const_cast<char*>(PUSHFORWARD_TOY)};
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  winsize size{};
  size.ws_col = static_cast<unsigned short>(columns);
  size.ws_row = 24;
  int terminal = -1;
  const auto start = std::chrono::steady_clock::now();
  const pid_t pid = ::forkpty(&terminal, nullptr, nullptr, &size);
  REQUIRE(pid >= 0);
  if (pid == 0) {
    if (::chdir(folder.c_str()) != 0) ::_exit(99);
    ::execv(PUSHFORWARD_TOY, argv.data());
    ::_exit(98);
  }
  Session session;
  std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t got = ::read(terminal, buffer.data(), buffer.size());
    if (got <= 0) break;  // EIO once the other side is closed
    session.text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  ::close(terminal);
  int raw = 0;
  ::waitpid(pid, &raw, 0);
  session.status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
  session.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return session;
}

const std::string redraw = "\r\x1b[K";

/// What was drawn over itself: the text from each redraw to what follows.
std::vector<std::string> live_lines(const std::string& text) {
  std::vector<std::string> lines;
  for (auto at = text.find(redraw); at != text.npos;) {
    const auto begin = at + redraw.size();
    at = text.find(redraw, begin);
    if (at == text.npos) break;  // behind the last one comes the summary
    lines.push_back(text.substr(begin, at - begin));
  }
  return lines;
}

}  // namespace

TEST_CASE("terminal: one live line, redrawn at most ten times a second, gone at the end") {
  if (!has_terminals()) {
    MESSAGE("skipped: no pseudo-terminals here");
    return;
  }
  const TemporaryFolder scratch;
  write_config(scratch.path, 1500);
  const Session session = on_terminal(scratch.path, {"run", "walk.json", "--out", "a"}, 140);
  REQUIRE(session.status == 0);
  CAPTURE(session.text);
  const auto lines = live_lines(session.text);
  const auto walks = std::count_if(lines.begin(), lines.end(), [](const std::string& line) {
    return line.starts_with("walk: ") && line.find('\n') == line.npos;
  });
  CHECK(walks >= 2);
  CHECK(static_cast<double>(walks) <= 10.0 * session.seconds + 1.0);
  const auto has = [&](const char* part) {
    return std::any_of(lines.begin(), lines.end(),
                       [&](const std::string& line) { return line.find(part) != line.npos; });
  };
  CHECK(has("/1500 ("));
  CHECK(has("%), error "));
  CHECK(has("MiB"));
  CHECK(has(", saved "));
  // The warning stands on a line of its own, above the live one.
  CHECK(session.text.find(redraw + "warning: the walk has come to step 20\r\n") !=
        std::string::npos);
  // Behind the last redraw there are a warning and the summary, and nothing of the live line.
  const std::string end = session.text.substr(session.text.rfind(redraw) + redraw.size());
  CHECK(end.starts_with("warning: the walk has ended\r\nwalk: ok\r\n"));
  CHECK(end.find("\x1b") == std::string::npos);
}

TEST_CASE("terminal: the live line never wraps on a narrow terminal") {
  if (!has_terminals()) {
    MESSAGE("skipped: no pseudo-terminals here");
    return;
  }
  const TemporaryFolder scratch;
  write_config(scratch.path, 800);
  const Session session = on_terminal(scratch.path, {"run", "walk.json", "--out", "a"}, 30);
  REQUIRE(session.status == 0);
  int drawn = 0;
  for (const std::string& line : live_lines(session.text)) {
    if (!line.starts_with("walk: ") || line.find('\n') != line.npos) continue;
    ++drawn;
    CHECK(line.size() < 30);
  }
  CHECK(drawn >= 1);
}

TEST_CASE("terminal: progress plain, json and none draw nothing over itself") {
  if (!has_terminals()) {
    MESSAGE("skipped: no pseudo-terminals here");
    return;
  }
  const TemporaryFolder scratch;
  write_config(scratch.path, 50);
  for (const std::string mode : {"plain", "json", "none"}) {
    CAPTURE(mode);
    const Session session =
        on_terminal(scratch.path, {"run", "walk.json", "--out", mode, "--progress", mode}, 100);
    CHECK(session.status == 0);
    CHECK(session.text.find("\x1b") == std::string::npos);
    CHECK((session.text.find("\"stage\": \"walk\"") != std::string::npos) == (mode == "json"));
  }
}
