#include "bench/support/machine.hpp"

#include <algorithm>
#include <ctime>
#include <fstream>
#include <limits>
#include <string>

#include "bench/support/peak_kernels.hpp"

namespace pushforward::bench {
namespace {

double peak(double (*multiply_adds)(long repeats, double* flops)) {
  double best = 0.0;
  for (int run = 0; run < 7; ++run) {
    double flops = 0.0;
    const double begin = thread_cpu_seconds();
    benchmark::DoNotOptimize(multiply_adds(2'000'000, &flops));
    best = std::max(best, flops / (thread_cpu_seconds() - begin));
  }
  return best;
}

}  // namespace

double thread_cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

double peak_memory_megabytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kibibytes;
    if (word == "VmHWM:" && status >> kibibytes) return 1024e-6 * kibibytes;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

void reset_peak_memory() { std::ofstream("/proc/self/clear_refs") << 5; }

const Machine& machine() {
  static const Machine measured = [] {
    const PeakKernels& kernels = peak_kernels(active_isa());
    return Machine{active_isa(), peak(kernels.single), peak(kernels.double_)};
  }();
  return measured;
}

void report_flops(benchmark::State& state, double flops_per_iteration, double peak) {
  const double flops = flops_per_iteration * static_cast<double>(state.iterations());
  state.counters["FLOP/s"] = benchmark::Counter(flops, benchmark::Counter::kIsRate);
  state.counters["of_peak"] = benchmark::Counter(flops / peak, benchmark::Counter::kIsRate);
}

}  // namespace pushforward::bench
