#include <cstdio>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "pushforward/core/options.hpp"

#include "bench/support/machine.hpp"
#include "bench/support/ratios.hpp"

using namespace pushforward;

int main(int argc, char** argv) {
  // Interleaved repetitions share the machine's quiet and busy moments fairly. Flags given by the
  // caller come later and win.
  std::vector<std::string> arguments{argv[0], "--benchmark_repetitions=5",
                                     "--benchmark_enable_random_interleaving=true",
                                     "--benchmark_min_time=0.1"};
  arguments.insert(arguments.end(), argv + 1, argv + argc);
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  int count = static_cast<int>(pointers.size());
  pointers.push_back(nullptr);
  benchmark::Initialize(&count, pointers.data());
  if (benchmark::ReportUnrecognizedArguments(count, pointers.data())) return 1;

  const bench::Machine& m = bench::machine();
  std::printf("instruction set %s; FMA peak of one thread %.1f GFLOP/s single, %.1f double\n",
              std::string(name(m.isa)).c_str(), 1e-9 * m.peak_single, 1e-9 * m.peak_double);
  std::fflush(stdout);
  bench::RatioReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  reporter.print_ratios();
  return 0;
}
