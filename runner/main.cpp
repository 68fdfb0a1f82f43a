#include "runner/cli.hpp"

int main(int argc, char** argv) {
  return pushforward::runner::run_program(pushforward::runner::shipped_tasks(), argc, argv);
}
