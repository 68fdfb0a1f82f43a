#include "runner/tasks/solve_record.hpp"

#include <utility>

namespace pushforward::runner {

void keep_report(Bundle& outcome, const SolveReport& report) {
  outcome.counts["converged"] = report.converged;
  outcome.counts["termination"] = static_cast<std::int64_t>(report.termination);
  outcome.counts["iterations"] = report.iterations;
  outcome.numbers["residual"] = report.residual;
}

SolveReport kept_report(const Bundle& outcome) {
  SolveReport report;
  report.converged = outcome.counts.at("converged") != 0;
  report.termination = static_cast<Termination>(outcome.counts.at("termination"));
  report.iterations = outcome.counts.at("iterations");
  report.residual = outcome.numbers.at("residual");
  return report;
}

void keep_certificate(Bundle& outcome, const CertificateNumbers& numbers) {
  outcome.numbers["cost"] = numbers.cost;
  outcome.numbers["upper"] = numbers.certificate.primal;
  outcome.numbers["lower"] = numbers.certificate.dual;
  outcome.numbers["row_error"] = numbers.row_error;
  outcome.numbers["column_error"] = numbers.column_error;
}

CertificateNumbers kept_certificate(const Bundle& outcome) {
  return {.cost = outcome.numbers.at("cost"),
          .certificate = {outcome.numbers.at("upper"), outcome.numbers.at("lower")},
          .row_error = outcome.numbers.at("row_error"),
          .column_error = outcome.numbers.at("column_error")};
}

void keep_potentials(Bundle& outcome, const Vector& f, const Vector& g) {
  outcome.arrays["f"] = f;
  outcome.arrays["g"] = g;
}

void add_potentials(RunContext& context, const Bundle& outcome, const std::string& unit) {
  context.array("f", outcome.arrays.at("f").transpose(), unit, "potential, one a source");
  context.array("g", outcome.arrays.at("g").transpose(), unit, "potential, one a target");
}

void keep_coupling(Bundle& outcome, const ot::SparseCoupling& coupling) {
  const auto& entries = coupling.entries();
  Matrix& triplets = outcome.arrays["coupling"];
  triplets.resize(3, static_cast<Index>(entries.size()));
  for (Index k = 0; k < triplets.cols(); ++k) {
    const auto& e = entries[static_cast<std::size_t>(k)];
    // Indices stay far below 2^53, where doubles are exact.
    triplets.col(k) << static_cast<double>(e.row), static_cast<double>(e.col), e.mass;
  }
}

ot::SparseCoupling kept_coupling(const Bundle& outcome, Index n, Index m) {
  const Matrix& triplets = outcome.arrays.at("coupling");
  std::vector<ot::Coupling::Entry> entries;
  for (const auto& e : triplets.colwise()) {
    entries.push_back({static_cast<Index>(e(0)), static_cast<Index>(e(1)), e(2)});
  }
  return {n, m, std::move(entries)};
}

void add_coupling(RunContext& context, const Bundle& outcome) {
  context.array("coupling", outcome.arrays.at("coupling"), "",
                "source, target (from 0) and mass of each entry");
}

Pairs pairs_of(const ot::SparseCoupling& coupling, const ot::TransportProblem& problem) {
  const auto& entries = coupling.entries();
  const auto count = static_cast<Index>(entries.size());
  Pairs pairs{.from = Matrix(problem.source.dim(), count),
              .to = Matrix(problem.source.dim(), count),
              .partners = {}};
  for (Index k = 0; k < count; ++k) {
    const auto& e = entries[static_cast<std::size_t>(k)];
    pairs.from.col(k) = problem.source.points().col(e.row);
    pairs.to.col(k) = problem.target.points().col(e.col);
  }
  for (Index i = 0; i < problem.source.size(); ++i) {
    const auto largest = coupling.largest(i, 1);
    const bool any = !largest.empty() && largest.front().mass > 0.0;
    pairs.partners.push_back(any ? largest.front().col : -1);
  }
  return pairs;
}

void add_bounds(RunContext& context, const Bundle& outcome, const std::string& unit,
                const std::string& of) {
  const ot::DualityGap bounds = kept_certificate(outcome).certificate;
  context.scalar("lower_bound", {.value = bounds.dual,
                                 .unit = unit,
                                 .description = "of " + of + ", from feasible potentials"});
  context.scalar("upper_bound", {.value = bounds.primal,
                                 .unit = unit,
                                 .description = "of " + of + ", from a feasible coupling"});
  context.scalar("gap", {.value = bounds.primal - bounds.dual,
                         .unit = unit,
                         .description = "between the bounds of " + of});
}

std::vector<Quantity> bound_quantities(const std::string& of) {
  return {{"lower_bound", "", "of " + of + ", rounding included"},
          {"upper_bound", "", "of " + of + ", rounding included"},
          {"gap", "", "upper bound less lower bound"}};
}

}  // namespace pushforward::runner
