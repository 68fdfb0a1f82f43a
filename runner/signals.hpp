/// Signals as flags: handlers note that one came, the run asks.
#pragma once

#include "runner/run_result.hpp"

namespace pushforward::runner {

/// While alive, SIGINT, SIGTERM, SIGUSR1 and SIGUSR2 only set flags, but for a second SIGINT, which
/// leaves at once. One at a time.
class SignalFlags {
 public:
  SignalFlags();
  ~SignalFlags();
  SignalFlags(const SignalFlags&) = delete;
  SignalFlags& operator=(const SignalFlags&) = delete;

  Stop stop() const;               ///< interrupt or terminate once one of them has come
  bool take_checkpoint_request();  ///< SIGUSR1 since the last call
  bool take_status_request();      ///< SIGUSR2 since the last call
};

}  // namespace pushforward::runner
