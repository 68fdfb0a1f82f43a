// The command that measures claims.
#include <cstdlib>
#include <iostream>
#include <sys/ioctl.h>
#include <unistd.h>

#include "runner/claims_run.hpp"
#include "runner/cli.hpp"

namespace pushforward::runner {

namespace {

/// Shows progress and asks for signals; claims keep nothing on disk but their page.
class ClaimHost final : public RunHost {
 public:
  explicit ClaimHost(ProgressMode mode) : view_(mode) {}
  void stage(std::string_view name, bool restored) override { view_.stage(name, restored); }
  void progress(const Progress& progress) override { view_.update(progress); }
  Stop stop() override { return signals_.stop(); }

 private:
  ProgressView view_;
  SignalFlags signals_;
};

std::size_t terminal_width() {
  winsize size{};
  constexpr std::size_t usual = 100;
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return usual;
  return size.ws_col;
}

}  // namespace

int check_command(const Registry& registry, const Arguments& arguments) {
  const bool color = ::isatty(STDOUT_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
  CheckOptions options{
      .page = arguments.out, .json = arguments.json, .width = terminal_width(), .color = color};
  options.files.assign(arguments.positional.begin(), arguments.positional.end());
  ClaimHost host(arguments.progress == ProgressMode::automatic && ::isatty(STDERR_FILENO) == 0
                     ? ProgressMode::none
                     : arguments.progress);
  return check_claims(options, registry, host, std::cout, std::cerr);
}

}  // namespace pushforward::runner
