/// Entropic optimal transport: potentials, costs and a certificate.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "pushforward/core/options.hpp"
#include "pushforward/core/report.hpp"
#include "pushforward/core/types.hpp"
#include "pushforward/ot/certificate.hpp"
#include "pushforward/ot/coupling.hpp"
#include "pushforward/ot/problem.hpp"
#include "pushforward/ot/softmin.hpp"

namespace pushforward::ot {

namespace detail {
class SinkhornBackend;
}

enum class SinkhornMethod {
  automatic,         ///< By epsilon, size and the measured rate of convergence.
  sinkhorn,          ///< Soft minima by turns, over-relaxed, with decreasing epsilon.
  sparse_newton,     ///< Newton steps on a sparsified Hessian; stores the coupling.
  truncated_newton,  ///< Newton steps by conjugate gradients on products with the coupling.
};

constexpr std::array<std::string_view, 4> enum_names(SinkhornMethod) {
  return {"automatic", "sinkhorn", "sparse_newton", "truncated_newton"};
}

struct SinkhornOptions {
  double epsilon = 0.05;  ///< Entropic regularisation, in units of the cost.
  SinkhornMethod method = SinkhornMethod::automatic;
  double tolerance = 1e-8;                 ///< L1 error of the marginals, relative to the mass.
  std::int64_t max_passes = 20'000;        ///< Over all pairs: an iteration takes two.
  bool over_relaxation = true;             ///< Of `sinkhorn`: 5 to 20 times fewer passes.
  bool epsilon_scaling = true;             ///< Of `sinkhorn`: start from a large epsilon.
  std::int64_t stored_pairs = 25'000'000;  ///< Couplings of at most n m entries may be stored.
  Precision precision = Precision::f64;    ///< How exponentials of streamed costs are computed.
  bool certificate = true;                 ///< Bound the unregularised optimum: 2 to 6 more passes.
  int threads = 0;                         ///< 0 takes the OpenMP default.

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("epsilon", self.epsilon, positive, "entropic regularisation, in units of the cost");
    field("method", self.method, any_value, "how the potentials are found");
    field("tolerance", self.tolerance, positive, "L1 error of the marginals, relative to the mass");
    field("max_passes", self.max_passes, at_least(0), "passes over all pairs, two an iteration");
    field("over_relaxation", self.over_relaxation, any_value,
          "take steps longer than the soft minimum once their rate is known");
    field("epsilon_scaling", self.epsilon_scaling, any_value,
          "begin with the spread of the costs and halve");
    field("stored_pairs", self.stored_pairs, at_least(0),
          "largest number of entries of a coupling that may be stored");
    field("precision", self.precision, any_value,
          "how exponentials of streamed costs are computed");
    field("certificate", self.certificate, any_value, "bound the unregularised optimum");
    field("threads", self.threads, at_least(0), "0 takes the OpenMP default");
  }
  void validate() const;  ///< @throws std::invalid_argument naming the first bad field.
};

/// Where a run stands: plain data, from which it goes on with the same bits.
struct SinkhornState {
  Vector f, g;                  ///< n and m.
  double epsilon = 0.0;         ///< Of this stage; the options' in the last one.
  double residual = not_known;  ///< L1 error of the marginals of (f, g), where it was measured.
  std::int64_t iterations = 0;  ///< Sweeps and Newton steps.
  std::int64_t passes = 0;      ///< Over all pairs.
  int stages = 1;               ///< Values of epsilon so far.
  SinkhornMethod method = SinkhornMethod::automatic;  ///< In use.
  bool finished = false;
  Termination termination = Termination::max_iterations;

  std::int64_t stage_iterations = 0;  ///< In this stage.
  double omega = 1.0;                 ///< Relaxation in use ...
  double omega_cap = 1.98;            ///< ... and its largest value after failures.
  std::int64_t omega_since = 0;       ///< The stage's iteration at which omega was changed.
  double least_residual = not_known;  ///< Of streamed single precision, and ...
  std::int64_t least_at = 0;          ///< ... the iteration it was seen at.
  std::vector<double> residuals;      ///< Since then: the first and the latest.
  bool columns_exact = true;          ///< Whether g is the soft minimum of f.
  bool closing = false;               ///< Whether the next step is a plain one to make it so.

  double damping = 1.0;         ///< Of sparse Newton steps.
  double regularisation = 0.0;  ///< Of truncated ones.
  int failures = 0;             ///< Truncated steps in a row that led nowhere.
  double step_quality = 1.0;    ///< Least share of its predicted gain that a step of the stage had.
  double predicted_residual = not_known;
  double stage_factor = 0.5;  ///< From one epsilon to the next.
  Vector last_f, last_g;      ///< At the end of the stage before ...
  double last_epsilon = 0.0;  ///< ... and its epsilon; 0 where there was none.
  std::int64_t newton_steps = 0;
  std::int64_t backtracks = 0;
  double density = not_known;  ///< Share of the coupling's entries in the last Newton system.
};

/// `residual` is the L1 error of the marginals, relative to the mass; `iterations` counts sweeps
/// and Newton steps.
struct SinkhornResult : SolveReport {
  Vector f, g;  ///< n and m, for masses a and b: <a, f> = <b, g>. Finite for weights of zero, too.
  double epsilon = not_known;  ///< Of these potentials: larger than asked if stalled before.
  SinkhornMethod method = SinkhornMethod::automatic;  ///< The one that finished.
  std::int64_t passes = 0;  ///< Over all pairs, the certificate's not counted.
  int stages = 1;           ///< Values of epsilon.
  std::int64_t newton_steps = 0;
  double density = not_known;         ///< Of the last sparse Newton system.
  double row_error = not_known;       ///< |P 1 - a|_1.
  double column_error = not_known;    ///< |P^T 1 - b|_1.
  double linear_cost = not_known;     ///< <P, C> for the coupling of the potentials.
  double kl_cost = not_known;         ///< <P, C> + epsilon KL(P | a b^T): the dual value.
  double entropy_cost = not_known;    ///< <P, C> + epsilon sum P (log P - 1).
  double transport_cost = not_known;  ///< <P', C> for P rounded onto the marginals.
  DualityGap certificate;             ///< Of unregularised transport, with directed rounding.
  double mass_rescaled = 1.0;         ///< Sum of b over sum of a, as given.
  bool precision_escalated = false;   ///< Scores were too large for `mixed`: double was used.
};

/// One problem, stepped. Masses are divided by their sum inside; potentials are in the unit of the
/// cost either way.
class SinkhornSolver {
 public:
  /// @param a, b  n and m masses, of equal sums within 1e-6; empty means uniform of sum one.
  /// @throws std::invalid_argument for bad options, masses or shapes.
  SinkhornSolver(std::shared_ptr<const CostView> cost, VectorIn a, VectorIn b,
                 const SinkhornOptions& options = {});
  ~SinkhornSolver();
  SinkhornSolver(SinkhornSolver&&) noexcept;
  SinkhornSolver& operator=(SinkhornSolver&&) noexcept;

  /// From zero: g is the soft minimum of f = 0.
  SinkhornState init();
  /// Warm: f as given, g its soft minimum, epsilon at once what the options ask for.
  SinkhornState init(VectorIn f);
  /// Goes on from a state to a smaller epsilon, which becomes the options'.
  void refine(SinkhornState& state, double epsilon);
  /// One sweep or one Newton step with what belongs to it. Sets `finished` at the end.
  void step(SinkhornState& state);
  /// The result at a state, with errors measured and the certificate.
  SinkhornResult result(const SinkhornState& state);
  /// P of the state's potentials, for the masses given.
  PotentialCoupling coupling(const SinkhornResult& result) const;

  const SinkhornOptions& options() const { return options_; }

 private:
  void certify(SinkhornResult& result);

  SinkhornOptions options_;
  std::shared_ptr<const CostView> cost_;
  Masses masses_;
  bool single_ = false, escalated_ = false;
  bool fine_ = false;  // plain iterations would take hundreds of passes
  std::unique_ptr<detail::SinkhornBackend> backend_;
};

/// Entropic optimal transport:  min_P <P, C> + epsilon KL(P | a b^T)  over couplings of a and b.
///
/// In the log domain throughout: finite for epsilon down to 1e-12 of the costs' spread, where the
/// termination says whether the tolerance was reached. Zero weights, equal points and equal costs
/// are ordinary. The same bits for any number of threads.
/// @returns potentials with |P 1 - a|_1 + |P^T 1 - b|_1 <= tolerance when converged; if not, the
/// last ones with their errors.
/// @throws std::invalid_argument for a bad option.
/// Work O(n m d) a pass. Memory O((n + m) d) for squared distances and dot products if n m exceeds
/// `stored_pairs`, else 8 n m bytes or twice that; other costs are always stored.
/// <P, C> exceeds the optimum by at most epsilon min(H(a), H(b)).
/// Source: \cite cuturi2013, \cite schmitzer2019 (stages), \cite thibault2021 (relaxation),
/// \cite tang2024 (sparse Newton), \cite kemertas2025 (truncated Newton).
SinkhornResult sinkhorn(const TransportProblem& problem, const SinkhornOptions& options = {},
                        const Observer& observer = {});

/// The same for any costs. @param cost  must outlive the call. @param a, b  as SinkhornSolver.
SinkhornResult sinkhorn(const CostView& cost, VectorIn a, VectorIn b,
                        const SinkhornOptions& options = {}, const Observer& observer = {});

/// The same from potentials near the solution, for instance those of a problem nearby. Where a
/// start is so far off that the method stalls, it is begun again from zero.
SinkhornResult sinkhorn_from(VectorIn f, const TransportProblem& problem,
                             const SinkhornOptions& options = {}, const Observer& observer = {});

}  // namespace pushforward::ot
