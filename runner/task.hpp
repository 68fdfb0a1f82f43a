/// What the runner can run. Writing a task is: three structs with field lists, and `run`.
///
///   struct SlicedTask {
///     static constexpr std::string_view name = "ot.sliced";
///     static constexpr std::string_view summary = "sliced distance between two point sets";
///     static constexpr bool random = true;                       // a seed is required
///     struct Problem { DataReference source, target;  /* describe */ } problem;
///     struct Solver { int directions = 200;           /* describe */ } solver;
///     struct Output { bool keep_directions = false;   /* describe */ } output;
///     void run(RunContext& context) const;
///     // and where wanted:
///     void validate(const DataSet& data, ConfigProblems& problems) const;   // cross-field rules
///     PlanEstimate plan(const DataSet& data) const;                         // memory and work
///     static std::vector<Quantity> quantities();                            // names for checks
///     static std::vector<std::string> budgets();      // pointers of settings that may grow later
///     static std::vector<std::string> outputs_of_stages();  // pointers of output that stages read
///     static std::string_view starter();              // the text that `init` writes
///   };
///   registry.add<SlicedTask>();
///
/// What changes a number that is reported belongs to the problem or the solver: the output says
/// what is kept and shown, and two configs that differ in it alone have one hash.
#pragma once

#include <concepts>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runner/context.hpp"
#include "runner/shape.hpp"
#include "runner/shape_of.hpp"

namespace pushforward::runner {

template <>
struct JsonType<DataReference> {
  static Shape shape();
  static DataReference read(const Json& json) { return {json.string().substr(1)}; }
  static Json write(const DataReference& reference) {
    return reference.name.empty() ? Json() : Json("@" + reference.name);
  }
};

/// The loaded `data` entries by name.
class DataSet {
 public:
  /// nullptr if there is no such entry or it could not be read (which is reported elsewhere).
  const DiscreteMeasure* find(const DataReference& reference) const {
    const auto it = entries_.find(reference.name);
    return it == entries_.end() ? nullptr : it->second.measure.get();
  }
  /// Of a colour picture, in pixels; 0 for points that are none.
  Index picture_width(const DataReference& reference) const {
    const auto it = entries_.find(reference.name);
    return it == entries_.end() ? 0 : it->second.picture_width;
  }
  void add(const std::string& name, std::shared_ptr<const DiscreteMeasure> measure,
           Index picture_width = 0) {
    entries_[name] = {std::move(measure), picture_width};
  }

 private:
  struct Entry {
    std::shared_ptr<const DiscreteMeasure> measure;
    Index picture_width = 0;
  };
  std::map<std::string, Entry> entries_;
};

/// Where cross-field rules report: by JSON pointer into the config.
class ConfigProblems {
 public:
  ConfigProblems(const Json& given, Findings& findings) : given_(&given), findings_(&findings) {}
  /// `pointer` need not exist in the file: the nearest key around it is shown.
  void add(std::string pointer, std::string text, std::string code = "E307");

 private:
  const Json* given_;
  Findings* findings_;
};

/// What a run will need, as far as the config tells.
struct PlanEstimate {
  double bytes = 0.0;       ///< largest memory at one time
  double operations = 0.0;  ///< floating-point operations, order of magnitude
  std::string remedy = {};  ///< what to set for less memory
};

/// A name that `checks` may refer to. A * stands for any text.
struct Quantity {
  std::string name;
  std::string unit;
  std::string meaning;
};

/// The output of a task that keeps no more than its numbers.
struct NoOutput {
  template <class Self, class Field>
  static void describe(Self&, Field&&) {}
};

/// Whether a solver that did not converge ends the run with exit status 5.
enum class OnNotConverged { error, warn };
constexpr std::array<std::string_view, 2> enum_names(OnNotConverged) { return {"error", "warn"}; }

class Task {
 public:
  virtual ~Task() = default;
  virtual std::string_view name() const = 0;
  virtual std::string_view summary() const = 0;
  virtual bool random() const = 0;
  /// An object with the fields problem, solver and output.
  virtual const Shape& shape() const = 0;
  virtual std::vector<Quantity> quantities() const = 0;
  /// Pointers of numbers that may grow when a run is resumed (Stage::budget_spent).
  virtual std::vector<std::string> budgets() const = 0;
  /// Pointers below /output that stages look at: all else of /output may change on resume.
  virtual std::vector<std::string> outputs_of_stages() const = 0;
  /// A small config of this task; empty: `init` writes the defaults.
  virtual std::string_view starter() const = 0;

  // `resolved` has passed `resolve` with shape().
  virtual void validate(const Json& resolved, const DataSet& data,
                        ConfigProblems& problems) const = 0;
  virtual PlanEstimate plan(const Json& resolved, const DataSet& data) const = 0;
  virtual void run(const Json& resolved, RunContext& context) const = 0;
};

/// Turns a struct of structs (see the top of this file) into a Task.
template <class Config>
class TypedTask final : public Task {
 public:
  std::string_view name() const override { return Config::name; }
  std::string_view summary() const override { return Config::summary; }
  bool random() const override {
    if constexpr (requires { Config::random; }) return Config::random;
    return false;
  }
  const Shape& shape() const override { return shape_; }
  std::vector<Quantity> quantities() const override {
    if constexpr (requires { Config::quantities(); }) return Config::quantities();
    return {};
  }
  std::vector<std::string> budgets() const override {
    if constexpr (requires { Config::budgets(); }) return Config::budgets();
    return {};
  }
  std::vector<std::string> outputs_of_stages() const override {
    if constexpr (requires { Config::outputs_of_stages(); }) return Config::outputs_of_stages();
    return {};
  }
  std::string_view starter() const override {
    if constexpr (requires { Config::starter(); }) return Config::starter();
    return {};
  }
  void validate(const Json& resolved, const DataSet& data,
                ConfigProblems& problems) const override {
    if constexpr (requires(const Config& c) { c.validate(data, problems); }) {
      read(resolved).validate(data, problems);
    }
  }
  PlanEstimate plan(const Json& resolved, const DataSet& data) const override {
    if constexpr (requires(const Config& c) { c.plan(data); }) return read(resolved).plan(data);
    return {};
  }
  void run(const Json& resolved, RunContext& context) const override {
    read(resolved).run(context);
  }

 private:
  static Config read(const Json& resolved) {
    Config config{};
    config.problem = part<decltype(config.problem)>(resolved, "problem");
    config.solver = part<decltype(config.solver)>(resolved, "solver");
    config.output = part<decltype(config.output)>(resolved, "output");
    return config;
  }
  template <class T>
  static T part(const Json& resolved, std::string_view key) {
    return JsonType<T>::read(*resolved.find(key));
  }
  static Shape make_shape() {
    const Config config{};
    Shape shape{.kind = Shape::Kind::object};
    const auto add = [&]<class T>(std::string_view key, const T& value, std::string_view help) {
      shape.fields.push_back({.name = std::string(key),
                              .shape = JsonType<T>::shape(),
                              .preset = JsonType<T>::write(value),
                              .help = std::string(help)});
    };
    add("problem", config.problem, "what is to be computed");
    add("solver", config.solver, "how: method, tolerances, budgets");
    add("output", config.output, "what to keep");
    return shape;
  }

  Shape shape_ = make_shape();
};

/// The tasks that an executable knows.
class Registry {
 public:
  template <class Config>
  void add() {
    tasks_.push_back(std::make_unique<TypedTask<Config>>());
  }
  const Task* find(std::string_view name) const;
  const std::vector<std::unique_ptr<Task>>& tasks() const { return tasks_; }
  std::vector<std::string> names() const;

 private:
  std::vector<std::unique_ptr<Task>> tasks_;
};

/// Every task that ships; defined in tasks/tasks.cpp, one line a task.
Registry shipped_tasks();

}  // namespace pushforward::runner
