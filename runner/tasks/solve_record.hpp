/// What tasks of discrete transport keep of a solve in their stage's outcome, and report from it.
#pragma once

#include <string>
#include <vector>

#include "pushforward/core/report.hpp"
#include "pushforward/ot/coupling.hpp"
#include "pushforward/ot/problem.hpp"

#include "runner/task.hpp"
#include "runner/tasks/transport_report.hpp"

namespace pushforward::runner {

/// How a solve ended.
void keep_report(Bundle& outcome, const SolveReport& report);
SolveReport kept_report(const Bundle& outcome);

/// Cost, bounds and errors of the marginals.
void keep_certificate(Bundle& outcome, const CertificateNumbers& numbers);
CertificateNumbers kept_certificate(const Bundle& outcome);

/// Potentials f and g, of n and m.
void keep_potentials(Bundle& outcome, const Vector& f, const Vector& g);
/// As arrays of the result.
void add_potentials(RunContext& context, const Bundle& outcome, const std::string& unit);

/// The entries of a coupling as columns (source, target, mass), counted from 0.
void keep_coupling(Bundle& outcome, const ot::SparseCoupling& coupling);
ot::SparseCoupling kept_coupling(const Bundle& outcome, Index n, Index m);
/// As an array of the result.
void add_coupling(RunContext& context, const Bundle& outcome);

/// The ends of a coupling's entries, d x K, and the main target of each source, -1 for none.
struct Pairs {
  Matrix from, to;
  std::vector<Index> partners;
};
Pairs pairs_of(const ot::SparseCoupling& coupling, const ot::TransportProblem& problem);

/// The scalars lower_bound, upper_bound and gap of the kept certificate, and their quantities.
/// @param of  what they bound: "the exact cost".
void add_bounds(RunContext& context, const Bundle& outcome, const std::string& unit,
                const std::string& of);
std::vector<Quantity> bound_quantities(const std::string& of);

}  // namespace pushforward::runner
