/// Runs a task in memory and keeps what it reports: for tests of what tasks compute.
#pragma once

#include <cmath>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "pushforward/core/measure.hpp"

#include "runner/context.hpp"
#include "runner/task.hpp"

namespace pushforward::runner::test {

class RecordingContext final : public RunContext {
 public:
  explicit RecordingContext(std::uint64_t seed = 1, int threads = 1)
      : seed_(seed), threads_(threads) {}

  std::uint64_t seed() const override { return seed_; }
  int threads() const override { return threads_; }
  const DiscreteMeasure& data(const DataReference& reference) const override {
    return entries.at(reference.name);
  }
  Index picture_width(const DataReference& reference) const override {
    const auto it = picture_widths.find(reference.name);
    return it == picture_widths.end() ? 0 : it->second;
  }
  const Bundle& stage(std::string_view name,
                      const std::function<Bundle(Stage&)>& compute) override {
    QuietStage stage;
    const auto [it, fresh] = stages_.emplace(name, compute(stage));
    if (!fresh) throw std::logic_error("two stages are called " + std::string(name));
    return it->second;
  }
  void scalar(std::string_view name, Scalar scalar) override {
    if (!scalars.emplace(name, scalar).second) {
      throw std::logic_error("two scalars are called " + std::string(name));
    }
  }
  void array(std::string_view name, const Matrix& values, std::string_view,
             std::string_view) override {
    arrays.emplace(name, values);
  }
  void section(std::string, std::vector<std::string>) override {}
  void figure(Figure figure) override {
    figure.validate();
    figures.push_back(std::move(figure));
  }
  void table(Table table) override {
    table.validate();
    tables.push_back(std::move(table));
  }
  void warn(std::string text) override { warnings.push_back(std::move(text)); }
  void finish(const SolveReport& report) override { converged = report.converged; }

  double value(const std::string& name) const { return scalars.at(name).value; }

  std::map<std::string, Scalar> scalars;
  std::map<std::string, Matrix> arrays;
  std::vector<Figure> figures;
  std::vector<Table> tables;
  std::vector<std::string> warnings;
  bool converged = true;
  std::map<std::string, DiscreteMeasure> entries;  ///< The data that the task may refer to.
  std::map<std::string, Index> picture_widths;     ///< Of those that are pictures.

 private:
  class QuietStage final : public Stage {
   public:
    const Bundle* restored() const override { return nullptr; }
    void poll(const Progress&, const std::function<Bundle()>&) override {}
    void budget_spent(Bundle) override {}
    Observer observer() override { return {}; }
    void record(std::initializer_list<std::pair<std::string_view, double>>) override {}
    void calls(std::string_view, double) override {}
    void warn(std::string) override {}
  };

  std::uint64_t seed_;
  int threads_;
  std::map<std::string, Bundle, std::less<>> stages_;
};

template <class Config>
RecordingContext recorded(const Config& config, std::uint64_t seed = 1, int threads = 1,
                          std::map<std::string, DiscreteMeasure> entries = {}) {
  RecordingContext context(seed, threads);
  context.entries = std::move(entries);
  config.run(context);
  return context;
}

/// What cross-field rules say about a config, as "pointer: text" lines.
template <class Config>
std::vector<std::string> problems_of(const Config& config, const DataSet& data = {}) {
  Findings findings;
  const Json given = Json::object();
  ConfigProblems problems(given, findings);
  config.validate(data, problems);
  std::vector<std::string> lines;
  for (const Finding& finding : findings.sorted()) {
    lines.push_back(finding.pointer + ": " + finding.text);
  }
  return lines;
}

/// The scalars of a run must not depend on the number of threads.
template <class Config>
void check_thread_invariance(const Config& config,
                             const std::map<std::string, DiscreteMeasure>& entries = {}) {
  const auto one = recorded(config, 3, 1, entries);
  for (const int threads : {2, 3, 8}) {
    const auto many = recorded(config, 3, threads, entries);
    REQUIRE(many.scalars.size() == one.scalars.size());
    for (const auto& [key, scalar] : one.scalars) {
      CAPTURE(key);
      CHECK((many.value(key) == scalar.value || std::isnan(scalar.value)));
    }
  }
}

}  // namespace pushforward::runner::test
