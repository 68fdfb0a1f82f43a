// The executable with the test task, for tests that need a process of its own.
#include "runner/cli.hpp"
#include "tests/runner/toy_task.hpp"

int main(int argc, char** argv) {
  pushforward::runner::Registry registry;
  registry.add<pushforward::runner::test::ToyTask>();
  return pushforward::runner::run_program(registry, argc, argv);
}
