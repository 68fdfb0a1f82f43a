#include "runner/stage_work.hpp"

#include <chrono>
#include <ctime>
#include <utility>

namespace pushforward::runner {

namespace {

constexpr std::string_view calls_prefix = "calls/";

double wall_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double cpu_now() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

}  // namespace

Bundle StageWork::bundle() const {
  Bundle out;
  out.numbers = {{"wall", wall_seconds}, {"cpu", cpu_seconds}};
  for (const auto& [what, count] : calls) out.numbers[std::string(calls_prefix) + what] = count;
  out.counts["steps"] = steps;
  const auto n = static_cast<Index>(recorded_wall.size());
  Matrix& recorded = out.arrays["recorded"];
  recorded.resize(2, n);
  for (Index i = 0; i < n; ++i) {
    const auto line = static_cast<std::size_t>(i);
    recorded.col(i) << recorded_wall[line], recorded_cpu[line];
  }
  return out;
}

StageWork StageWork::from(const Bundle& bundle) {
  StageWork work;
  work.steps = bundle.counts.at("steps");
  for (const auto& [key, value] : bundle.numbers) {
    if (key == "wall") work.wall_seconds = value;
    if (key == "cpu") work.cpu_seconds = value;
    if (key.starts_with(calls_prefix)) work.calls[key.substr(calls_prefix.size())] = value;
  }
  for (const auto& at : bundle.arrays.at("recorded").colwise()) {
    work.recorded_wall.push_back(at(0));
    work.recorded_cpu.push_back(at(1));
  }
  return work;
}

StageWatch::StageWatch(StageWork before)
    : work_(std::move(before)),
      wall_start_(wall_now() - work_.wall_seconds),
      cpu_start_(cpu_now() - work_.cpu_seconds) {}

void StageWatch::recorded() {
  work_.recorded_wall.push_back(wall_now() - wall_start_);
  work_.recorded_cpu.push_back(cpu_now() - cpu_start_);
}

StageWork StageWatch::so_far() const {
  StageWork work = work_;
  work.wall_seconds = wall_now() - wall_start_;
  work.cpu_seconds = cpu_now() - cpu_start_;
  return work;
}

}  // namespace pushforward::runner
