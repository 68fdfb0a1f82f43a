#include "bench/support/ratios.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace pushforward::bench {
namespace {

struct Expectation {
  std::string numerator, denominator;
  double bound;
  bool at_most;
};

std::vector<Expectation>& expectations() {
  static std::vector<Expectation> all;
  return all;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

int expect_at_most(double bound, std::string numerator, std::string denominator) {
  expectations().push_back({std::move(numerator), std::move(denominator), bound, true});
  return 0;
}

int expect_at_least(double bound, std::string numerator, std::string denominator) {
  expectations().push_back({std::move(numerator), std::move(denominator), bound, false});
  return 0;
}

void RatioReporter::ReportRuns(const std::vector<Run>& runs) {
  std::vector<Run> shown;
  for (const Run& run : runs) {
    const bool alone = run.repetitions <= 1 || run.error_occurred;
    if (alone || run.aggregate_name == "median") shown.push_back(run);
  }
  ConsoleReporter::ReportRuns(shown);
  for (const Run& run : runs) {
    if (run.run_type != Run::RT_Iteration || run.error_occurred) continue;
    std::string name = run.run_name.str();
    if (const auto suffix = name.find("/repeats:"); suffix != std::string::npos) {
      name.resize(suffix);
    }
    Costs& costs = costs_[name];
    costs.per_iteration.push_back(run.cpu_accumulated_time / static_cast<double>(run.iterations));
    const auto items = run.counters.find("items_per_second");
    if (items != run.counters.end()) costs.per_item.push_back(1.0 / items->second.value);
  }
}

void RatioReporter::print_ratios() const {
  if (expectations().empty()) return;
  std::printf("\nRatios of cost, median CPU time of the thread:\n");
  for (const Expectation& e : expectations()) {
    const auto top = costs_.find(e.numerator);
    const auto bottom = costs_.find(e.denominator);
    const std::string title = e.numerator + " : " + e.denominator;
    if (top == costs_.end() || bottom == costs_.end()) {
      std::printf("  %-64s not measured\n", title.c_str());
      continue;
    }
    const bool by_item = !top->second.per_item.empty() && !bottom->second.per_item.empty();
    const double ratio =
        by_item ? median(top->second.per_item) / median(bottom->second.per_item)
                : median(top->second.per_iteration) / median(bottom->second.per_iteration);
    const bool met = e.at_most ? ratio <= e.bound : ratio >= e.bound;
    std::printf("  %-64s %8.3f  wanted %s %g  %s\n", title.c_str(), ratio,
                e.at_most ? "<=" : ">=", e.bound, met ? "met" : "MISSED");
  }
}

}  // namespace pushforward::bench
