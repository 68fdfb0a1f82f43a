/// Pairing data with noise before a diffusion or flow model is trained, so that paths are short and
/// the law of the noise stays what it was.
#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "pushforward/core/density.hpp"
#include "pushforward/core/options.hpp"
#include "pushforward/core/report.hpp"
#include "pushforward/core/types.hpp"
#include "pushforward/ot/semidiscrete.hpp"

namespace pushforward::ot {

enum class NoiseAssignmentMethod {
  automatic,  ///< exact up to 512 points, else quantised.
  exact,      ///< The cheapest permutation.
  quantised,  ///< The cheapest for costs rounded to 16 bits.
  nearest     ///< The nearest of several noises drawn for each datum: not a permutation.
};

constexpr std::array<std::string_view, 4> enum_names(NoiseAssignmentMethod) {
  return {"automatic", "exact", "quantised", "nearest"};
}

struct NoiseAssignmentOptions {
  NoiseAssignmentMethod method = NoiseAssignmentMethod::automatic;
  Index candidates = 8;  ///< Of `nearest`: noises drawn for each datum.
  int threads = 0;       ///< For the costs; the search is serial. 0 takes the OpenMP default.

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("method", self.method, any_value, "how noises are chosen");
    field("candidates", self.candidates, at_least(1), "of nearest: noises drawn for each datum");
    field("threads", self.threads, at_least(0), "0 takes the OpenMP default");
  }
  void validate() const;  ///< @throws std::invalid_argument naming the first bad field.
};

/// `residual` is the duality gap over the largest |cost|, of the costs that the method minimised.
struct NoiseAssignment : SolveReport {
  IndexVector noise_of;           ///< n: datum i is trained with noise column noise_of[i].
  bool is_permutation = false;    ///< Each noise is used once: the law of a batch is unchanged.
  double mean_cost = not_known;   ///< (1 / n) sum_i |x_i - z(noise_of[i])|^2.
  double before = not_known;      ///< The same for noise i (its first candidate) with datum i.
  double cost_error = not_known;  ///< mean_cost exceeds the least by at most this, if converged.
  NoiseAssignmentMethod method = NoiseAssignmentMethod::automatic;  ///< In use.
};

/// Which noise goes to which datum of a batch: small |x_i - z|^2 on average.
///
/// For `exact` and `quantised` a permutation, so whatever the data, the noises of a batch are the
/// noises that were drawn, and mean_cost <= before. `quantised` finds the permutation that is
/// optimal for inner products rounded to 65536 levels of their range, which costs at most two
/// levels more than the best, and what single precision rounds. `nearest` is no permutation: it
/// changes the law of the noise, by more the more candidates there are, and is there for
/// comparison.
///
/// @param data   d x n, finite.
/// @param noise  d x n; for `nearest` d x (n candidates), those of datum i from column
///               i candidates on.
/// Work O(n^2 d) and that of `assignment`, memory 8 n^2 bytes, 12 n^2 while costs are rounded. The
/// same bits for any number of threads.
/// @throws std::invalid_argument for a bad option, other shapes or an entry that is not finite.
/// Source: \cite li2024.
NoiseAssignment noise_assignment(PointsIn data, PointsIn noise,
                                 const NoiseAssignmentOptions& options = {});

/// Semi-discrete assignment: each noise to the datum whose cell it falls in, by potentials fitted
/// once to a whole data set. There is no batch to be large enough, and each noise keeps its law:
/// it chooses its datum. Data come up as often as the cells have mass, which the certificate of
/// `semidiscrete` bounds. Const members are safe to call from many threads.
class FittedNoiseAssignment {
 public:
  /// @param data     d x N.
  /// @param heights  N, as `semidiscrete` finds them for the law of the noise and these data.
  /// @throws std::invalid_argument for other shapes or an entry that is not finite.
  FittedNoiseAssignment(PointsIn data, VectorIn heights, int threads = 0);

  /// The datum of each noise (d x n): the lowest index where several are equally high.
  IndexVector datum_of(PointsIn noise) const;

 private:
  struct Implementation;
  std::shared_ptr<const Implementation> implementation_;
  int threads_;
};

}  // namespace pushforward::ot
