// Checks: with a standard error there are three answers, since a number that is too rough to tell
// is no pass.
#include <algorithm>
#include <cmath>

#include "runner/figure_text.hpp"
#include "runner/run_result.hpp"

namespace pushforward::runner {

namespace {

using pushforward::detail::shortest;

/// A value whose uncertainty is z standard errors either way.
struct Estimate {
  double value;
  double margin;
};

/// value <= bound, `bound` having a margin of its own.
CheckVerdict at_most(Estimate value, Estimate bound) {
  const double margin = std::hypot(value.margin, bound.margin);
  const double excess = value.value - bound.value;
  if (margin == 0.0) return excess <= 0.0 ? CheckVerdict::pass : CheckVerdict::fail;
  if (excess + margin <= 0.0) return CheckVerdict::pass;
  return excess > margin ? CheckVerdict::fail : CheckVerdict::inconclusive;
}

/// A number that was computed; one that a config gives is shown as given, by shortest().
std::string computed(double value) { return number_text(value, 6); }

class Judge {
 public:
  Judge(const CheckSpec& spec, const RunResult& result) : spec_(spec), result_(result) {
    out_.id = spec.id;
    out_.quantity = spec.quantity;
  }

  CheckOutcome outcome() {
    if (!spec_.applies) {
      return conclude(CheckVerdict::skipped, "made only when " + spec_.when->values.compact());
    }
    const Scalar* scalar = scalar_named(spec_.quantity, result_.scalars);
    if (scalar == nullptr) return out_;
    out_.value = scalar->value;
    out_.standard_error = scalar->standard_error;
    if (!std::isfinite(scalar->value)) {
      return conclude(CheckVerdict::fail, "the quantity is " + shortest(scalar->value));
    }
    const Estimate value = estimate(*scalar);
    if (spec_.max) {
      out_.bound = "at most " + shortest(*spec_.max);
      return tell(at_most(value, {*spec_.max, 0.0}), value.margin);
    }
    if (spec_.min) {
      out_.bound = "at least " + shortest(*spec_.min);
      return tell(at_most({*spec_.min, 0.0}, value), value.margin);
    }
    if (spec_.below || spec_.above) return against_quantity(value);
    if (spec_.slope) return slope(*scalar, value);
    return equality(*scalar, value);
  }

 private:
  double z() const { return spec_.z().value_or(default_z); }

  Estimate estimate(const Scalar& scalar) const {
    const double error = std::isfinite(scalar.standard_error) ? scalar.standard_error : 0.0;
    return {scalar.value, z() * error};
  }

  /// The scalar, or nullptr with the check failed; `of` says of which run, if not of this one.
  const Scalar* scalar_named(const std::string& name, const std::vector<NamedScalar>& scalars,
                             const std::string& of = {}) {
    std::vector<std::string> names;
    for (const auto& known : scalars) {
      if (known.name == name) return &known.scalar;
      names.push_back(known.name);
    }
    std::string note = (of.empty() ? "the result has" : "the " + of + " has") + " no quantity " +
                       json_string(name);
    if (const auto guess = nearest(name, names)) {
      note += "; did you mean " + json_string(*guess) + "?";
    }
    conclude(CheckVerdict::fail, note);
    return nullptr;
  }

  CheckOutcome conclude(CheckVerdict verdict, std::string note = {}) {
    out_.verdict = verdict;
    out_.note = std::move(note);
    return out_;
  }

  CheckOutcome tell(CheckVerdict verdict, double margin) {
    if (verdict != CheckVerdict::inconclusive) return conclude(verdict);
    return conclude(verdict, "within " + shortest(z()) + " standard errors (" + computed(margin) +
                                 ") of the bound: draw more samples");
  }

  /// The quantity that another one is compared with; nullptr with the check decided.
  const Scalar* other_scalar(const OtherQuantity& other) {
    const std::string& name = other.quantity.empty() ? spec_.quantity : other.quantity;
    if (other.run.empty()) return scalar_named(name, result_.scalars);
    const std::string label = other.run_label();
    for (const OtherRun& run : result_.others) {
      if (run.label != label) continue;
      if (run.converged) return scalar_named(name, run.scalars, run_name(other));
      conclude(CheckVerdict::inconclusive, "the " + run_name(other) + " did not converge");
      return nullptr;
    }
    conclude(CheckVerdict::inconclusive, "the " + run_name(other) + " was not made");
    return nullptr;
  }

  static std::string run_name(const OtherQuantity& other) {
    return other.remove.empty() ? other.run_label() : "run " + other.run_label();
  }

  /// "q", "q of the run without /solver/anneal".
  std::string words_for(const OtherQuantity& other) const {
    const std::string& name = other.quantity.empty() ? spec_.quantity : other.quantity;
    return other.run.empty() ? name : name + " of the " + run_name(other);
  }

  CheckOutcome against_quantity(Estimate value) {
    const OtherQuantity& right = spec_.below ? *spec_.below : *spec_.above;
    const Scalar* other = other_scalar(right);
    if (other == nullptr) return out_;
    const std::string name = words_for(right);
    out_.bound = (spec_.below ? "below " : "above ") + name + " = " + computed(other->value);
    if (!std::isfinite(other->value)) {
      return conclude(CheckVerdict::fail, name + " is " + shortest(other->value));
    }
    const Estimate bound = estimate(*other);
    return tell(spec_.below ? at_most(value, bound) : at_most(bound, value),
                std::hypot(value.margin, bound.margin));
  }

  CheckOutcome slope(const Scalar& scalar, Estimate value) {
    out_.bound = "slope " + shortest(*spec_.slope) + " within " + shortest(*spec_.tol);
    const double off = std::abs(value.value - *spec_.slope);
    if (scalar.standard_error > *spec_.tol) {
      return conclude(CheckVerdict::inconclusive, "the fit's standard error exceeds the tolerance");
    }
    return conclude(off <= *spec_.tol ? CheckVerdict::pass : CheckVerdict::fail);
  }

  CheckOutcome equality(const Scalar& scalar, Estimate value) {
    double right = scalar.expected;
    double right_margin = 0.0;
    std::string name = "the closed form";
    if (spec_.equals) {
      if (const auto* number = std::get_if<double>(&spec_.equals->value)) {
        right = *number;
        name.clear();
      } else if (const auto& other = std::get<OtherQuantity>(spec_.equals->value);
                 other.quantity != "closed_form" && other.quantity != "target") {
        const Scalar* found = other_scalar(other);
        if (found == nullptr) return out_;
        right = found->value;
        right_margin = estimate(*found).margin;
        name = words_for(other);
      }
    }
    out_.bound = name.empty() ? shortest(right) : name + " = " + computed(right);
    if (!std::isfinite(right)) {
      return conclude(CheckVerdict::inconclusive, "no value to compare with is known");
    }
    const double allowed =
        std::max(spec_.abs_tol.value_or(0.0), spec_.rel_tol.value_or(0.0) * std::abs(right));
    const bool by_error = spec_.z().has_value();
    if (by_error && !std::isfinite(scalar.standard_error)) {
      return conclude(CheckVerdict::inconclusive, "the quantity has no standard error");
    }
    const double margin = by_error ? std::hypot(value.margin, right_margin) : 0.0;
    out_.bound += " within " + computed(allowed + margin);
    if (std::abs(value.value - right) > allowed + margin) return conclude(CheckVerdict::fail);
    // The scale on which a difference would matter; unknown if the right value is zero and no
    // tolerance is given.
    const double scale = std::max(allowed, std::abs(right));
    if (scale > 0.0 && margin > scale) {
      return conclude(CheckVerdict::inconclusive, "the standard error is too large to tell");
    }
    return conclude(CheckVerdict::pass);
  }

  const CheckSpec& spec_;
  const RunResult& result_;
  CheckOutcome out_;
};

}  // namespace

std::vector<CheckOutcome> evaluate(const std::vector<CheckSpec>& checks, const RunResult& result) {
  std::vector<CheckOutcome> outcomes;
  for (const CheckSpec& spec : checks) outcomes.push_back(Judge(spec, result).outcome());
  return outcomes;
}

const Scalar* RunResult::find(std::string_view name) const {
  for (const auto& known : scalars) {
    if (known.name == name) return &known.scalar;
  }
  return nullptr;
}

Json RunResult::json() const {
  const auto set_known = [](Json& object, std::string_view key, double value) {
    if (!std::isnan(value)) object.set(key, value);
  };
  Json json = Json::object();
  json.set("status", status);
  json.set("verdict", name(verdict));
  json.set("converged", converged);
  json.set("iterations", iterations);
  set_known(json, "residual", residual);
  Json& numbers = json.set("scalars", Json::object());
  for (const auto& known : scalars) {
    Json& entry = numbers.set(known.name, Json::object());
    entry.set("value", known.scalar.value);
    set_known(entry, "se", known.scalar.standard_error);
    set_known(entry, "expected", known.scalar.expected);
    if (!known.scalar.unit.empty()) entry.set("unit", known.scalar.unit);
    if (!known.scalar.description.empty()) entry.set("method", known.scalar.description);
  }
  Json& judged = json.set("checks", Json::list());
  for (const CheckOutcome& check : checks) {
    Json entry = Json::object();
    entry.set("id", check.id);
    entry.set("quantity", check.quantity);
    set_known(entry, "value", check.value);
    set_known(entry, "se", check.standard_error);
    entry.set("bound", check.bound);
    entry.set("verdict", name(check.verdict));
    if (!check.note.empty()) entry.set("note", check.note);
    judged.push(std::move(entry));
  }
  Json& warned = json.set("warnings", Json::list());
  for (const auto& warning : warnings) warned.push(warning);
  Json& listed = json.set("arrays", Json::list());
  for (const auto& array : arrays) listed.push(array.name);
  return json;
}

}  // namespace pushforward::runner
