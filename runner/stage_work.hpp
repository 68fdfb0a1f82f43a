/// What a stage spent: for timing.json and the report's figures over time, never for a result.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "runner/context.hpp"

namespace pushforward::runner {

struct StageWork {
  double wall_seconds = 0.0;
  double cpu_seconds = 0.0;
  std::int64_t steps = 0;               ///< the last step that was polled
  std::map<std::string, double> calls;  ///< how often the stage called what it spends its time on
  /// When each of its lines in metrics.jsonl was recorded, since the stage began.
  std::vector<double> recorded_wall, recorded_cpu;

  Bundle bundle() const;
  static StageWork from(const Bundle& bundle);
};

/// Times a stage that may have been under way before.
class StageWatch {
 public:
  explicit StageWatch(StageWork before = {});
  void polled(std::int64_t step) { work_.steps = step; }
  void calls(std::string_view what, double count) { work_.calls[std::string(what)] += count; }
  void recorded();
  StageWork so_far() const;

 private:
  StageWork work_;
  double wall_start_, cpu_start_;  // as if the stage had never been interrupted
};

}  // namespace pushforward::runner
