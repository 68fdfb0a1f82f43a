/// Ratios of benchmarks measured in one run, printed at its end.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

namespace pushforward::bench {

/// Asks for the ratio of what `numerator` and `denominator`, names of benchmarks as Google
/// Benchmark prints them, cost: CPU time an item where both count items, else CPU time an
/// iteration. The median of the repetitions counts. Call from the file that registers the
/// benchmarks.
/// @return 0, so that a global may be initialised by the call.
int expect_at_most(double bound, std::string numerator, std::string denominator);
int expect_at_least(double bound, std::string numerator, std::string denominator);

/// Prints the median of the repetitions to the console and keeps every cost for the table.
class RatioReporter : public benchmark::ConsoleReporter {
 public:
  RatioReporter() : ConsoleReporter(OO_Tabular) {}
  void ReportRuns(const std::vector<Run>& runs) override;
  void print_ratios() const;

 private:
  struct Costs {
    std::vector<double> per_iteration, per_item;
  };
  std::map<std::string, Costs> costs_;
};

}  // namespace pushforward::bench
