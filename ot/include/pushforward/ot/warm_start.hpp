/// Entropic transport from predicted potentials: problems on the same points with other weights,
/// solved one after another, have much in common.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "pushforward/core/types.hpp"
#include "pushforward/ot/sinkhorn.hpp"

namespace pushforward::ot {

/// Potentials to start from: f (n), g (m) or both; an empty one is the soft minimum of the other.
/// Where both are given, f counts, since a first half step replaces g.
struct WarmStart {
  Vector f, g;
};

/// `sinkhorn_from` for either potential. However bad the start, the solution is the same within the
/// tolerance; from the solution itself the run ends at its first check.
/// @throws std::invalid_argument for neither potential, one of another size, or a number in it that
/// is not finite.
SinkhornResult sinkhorn_from(const WarmStart& start, const TransportProblem& problem,
                             const SinkhornOptions& options = {}, const Observer& observer = {});

/// Predicts the source potential of problems that share their points, from solved ones.
class PotentialPredictor {
 public:
  virtual ~PotentialPredictor() = default;

  /// f for weights a (n) and b (m), up to a constant; zeros before anything was learnt.
  /// @throws std::invalid_argument for other sizes than those learnt from.
  virtual Vector predict(VectorIn a, VectorIn b) const = 0;
  /// Takes note of a solution. @param f  n finite numbers.
  /// @throws std::invalid_argument for a number that is not finite, or other sizes than before.
  void learn(VectorIn a, VectorIn b, VectorIn f);

  Index size() const { return static_cast<Index>(solved_.size()); }  ///< Solutions learnt.

 protected:
  struct Solved {
    Vector weights;  ///< n + m: a, then b.
    Vector f;        ///< Of mean zero.
  };
  const std::vector<Solved>& solved() const { return solved_; }
  /// a and b, one after the other; checked against what was learnt.
  Vector joined(VectorIn a, VectorIn b) const;

 private:
  virtual void learnt() {}  ///< Called after each solution.
  std::vector<Solved> solved_;
};

/// The solution learnt last.
class LastSolution final : public PotentialPredictor {
 public:
  Vector predict(VectorIn a, VectorIn b) const override;
};

/// The solution whose weights were nearest in L1, the first of several. Work O(K (n + m)).
class NearestSolution final : public PotentialPredictor {
 public:
  Vector predict(VectorIn a, VectorIn b) const override;
};

/// Ridge regression from the weights to the potentials, both centred: the f that minimises
///   sum_k |f_k - (c + W (a_k, b_k))|^2 + lambda |W|_F^2,
/// lambda being `ridge` times the mean squared spread of the K weights. Solved in the K x K Gram
/// matrix: work O(K^3) at the first prediction after learning, O(K (n + m)) after.
class RidgePotentials final : public PotentialPredictor {
 public:
  /// @param ridge  positive. @throws std::invalid_argument if it is not.
  explicit RidgePotentials(double ridge = 1e-4);
  Vector predict(VectorIn a, VectorIn b) const override;

 private:
  void learnt() override { fitted_ = false; }
  void fit() const;

  double ridge_;
  mutable bool fitted_ = false;  // a prediction is not safe beside another before it has fitted
  mutable Vector mean_weights_, mean_f_;
  mutable Matrix spread_;        // (n + m) x K
  mutable Matrix coefficients_;  // n x K
};

/// One problem solved from zero and from a potential.
struct WarmStartComparison {
  SinkhornResult cold, warm;

  std::int64_t passes_saved() const { return cold.passes - warm.passes; }
};

/// @param f  n, as a predictor gives it.
WarmStartComparison compare_warm_start(VectorIn f, const TransportProblem& problem,
                                       const SinkhornOptions& options = {});

}  // namespace pushforward::ot
