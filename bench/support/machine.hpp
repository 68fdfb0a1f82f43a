/// What this machine can do at most, measured in the same run as the benchmarks.
#pragma once

#include <benchmark/benchmark.h>

#include "pushforward/core/isa.hpp"

namespace pushforward::bench {

/// One thread, with the instruction set in use. Floating-point operations a second, a fused
/// multiply-add counting two; the best of several short runs in CPU time of the thread.
struct Machine {
  Isa isa;
  double peak_single;
  double peak_double;
};

const Machine& machine();  ///< Measured at the first call.

double thread_cpu_seconds();

/// The most memory this process has held since the last reset, in units of 10^6 bytes; NaN where
/// the system does not say.
double peak_memory_megabytes();
void reset_peak_memory();

/// Adds the counters `FLOP/s` and `of_peak`, the share of the measured peak in that precision.
void report_flops(benchmark::State& state, double flops_per_iteration, double peak);

}  // namespace pushforward::bench
