#include "runner/signals.hpp"

#include <array>
#include <csignal>
#include <unistd.h>

namespace pushforward::runner {

namespace {

volatile std::sig_atomic_t interrupts = 0;
volatile std::sig_atomic_t terminations = 0;
volatile std::sig_atomic_t checkpoint_requests = 0;
volatile std::sig_atomic_t status_requests = 0;

extern "C" void note_signal(int signal) {
  switch (signal) {
    case SIGINT:
      if (interrupts != 0) ::_exit(130);
      interrupts = 1;
      break;
    case SIGTERM:
      terminations = 1;
      break;
    case SIGUSR1:
      checkpoint_requests = 1;
      break;
    default:
      status_requests = 1;
  }
}

constexpr std::array<int, 4> watched{SIGINT, SIGTERM, SIGUSR1, SIGUSR2};
std::array<struct sigaction, watched.size()> before;

}  // namespace

SignalFlags::SignalFlags() {
  interrupts = 0;
  terminations = 0;
  checkpoint_requests = 0;
  status_requests = 0;
  struct sigaction action {};
  action.sa_handler = note_signal;
  action.sa_flags = SA_RESTART;  // writes under way are finished
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < watched.size(); ++i) ::sigaction(watched[i], &action, &before[i]);
}

SignalFlags::~SignalFlags() {
  for (std::size_t i = 0; i < watched.size(); ++i) ::sigaction(watched[i], &before[i], nullptr);
}

Stop SignalFlags::stop() const {
  if (interrupts != 0) return Stop::interrupt;
  return terminations != 0 ? Stop::terminate : Stop::no;
}

bool SignalFlags::take_checkpoint_request() {
  const bool asked = checkpoint_requests != 0;
  checkpoint_requests = 0;
  return asked;
}

bool SignalFlags::take_status_request() {
  const bool asked = status_requests != 0;
  status_requests = 0;
  return asked;
}

}  // namespace pushforward::runner
