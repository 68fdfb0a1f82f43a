/// Soft minima over all targets: the half step of every entropic solver, the canonical extension of
/// its potentials, and transport by the coupling that they imply.
#pragma once

#include <array>
#include <memory>
#include <string_view>

#include "pushforward/core/options.hpp"
#include "pushforward/core/types.hpp"
#include "pushforward/ot/problem.hpp"

namespace pushforward::ot {

namespace detail {
class SinkhornBackend;
}

/// How exponentials are computed. Potentials and all sums are double precision in either case.
enum class Precision {
  f64,    ///< Relative error of an exponential below 2e-15.
  mixed,  ///< Scores and exponentials in single precision: 3 to 4 times as fast. The error of a
          ///< score is about 2^-24 R^2 / epsilon for points within R of their mean.
};

constexpr std::array<std::string_view, 2> enum_names(Precision) { return {"f64", "mixed"}; }

struct SoftminOptions {
  double epsilon = 0.05;                 ///< Entropic regularisation, in units of the cost.
  Precision precision = Precision::f64;  ///< How exponentials are computed.
  int threads = 0;                       ///< 0 takes the OpenMP default.

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("epsilon", self.epsilon, positive, "entropic regularisation, in units of the cost");
    field("precision", self.precision, any_value, "how exponentials are computed");
    field("threads", self.threads, at_least(0), "0 takes the OpenMP default");
  }
  void validate() const;  ///< @throws std::invalid_argument naming the first bad field.
};

/// Soft minima for one problem and one epsilon, by one streaming pass each: for squared distances
/// and dot products nothing of size n x m exists. P_ij = a_i b_j exp((f_i + g_j - C_ij) / epsilon).
///
/// Work O(n m d) a pass, memory O((n + m) d). Points are centred first; the error of a soft minimum
/// is a few roundings of the largest |C|. The same bits for any number of threads. One object must
/// not be used by two threads at once.
/// Source: \cite feydy2019, \cite schmitzer2019.
class Softmin {
 public:
  /// @throws std::invalid_argument for a bad option or points of two dimensions.
  explicit Softmin(const TransportProblem& problem, const SoftminOptions& options = {});
  ~Softmin();
  Softmin(Softmin&&) noexcept;
  Softmin& operator=(Softmin&&) noexcept;

  Index source_size() const;  ///< n
  Index target_size() const;  ///< m

  /// f_i = -epsilon log sum_j b_j exp((g_j - C_ij) / epsilon).
  /// @param g  m, finite. @param f  n; on entry a guess, say the last f: it saves time, no more.
  void rows(VectorIn g, VectorOut f);
  /// g_j = -epsilon log sum_i a_i exp((f_i - C_ij) / epsilon). @param f  n. @param g  m, as above.
  void columns(VectorIn f, VectorOut g);
  /// One iteration of Sinkhorn's algorithm, rows then columns, at the price of one exponential a
  /// pair. @returns |P 1 - a|_1 of the potentials that came in.
  double sweep(VectorOut f, VectorOut g);

  Matrix apply(VectorIn f, VectorIn g, PointsIn v);             ///< k x n: sum_j P_ij v_j.
  Matrix apply_transposed(VectorIn f, VectorIn g, PointsIn v);  ///< k x m: sum_i P_ij v_i.
  double transport_cost(VectorIn f, VectorIn g);                ///< <P, C>.

 private:
  std::unique_ptr<detail::SinkhornBackend> backend_;
};

}  // namespace pushforward::ot
