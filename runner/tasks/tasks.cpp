#include "runner/task.hpp"

namespace pushforward::runner {

Registry shipped_tasks() {
  Registry registry;
  return registry;
}

}  // namespace pushforward::runner
