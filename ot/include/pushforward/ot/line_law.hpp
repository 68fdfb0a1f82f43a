/// Laws on the line by their quantiles and the moments of their pieces.
#pragma once

#include <functional>
#include <memory>

#include "pushforward/core/densities/gaussian_mixture.hpp"
#include "pushforward/core/types.hpp"

namespace pushforward::ot {

/// The mass of a law on either side of a place. The two sum to one; both are kept, since only the
/// smaller has its digits.
struct MassSplit {
  double below;
  double above;
};

/// int 1, int (x - c) and int (x - c)^2 over an interval.
struct LineMoments {
  double mass = 0.0;
  double first = 0.0;
  double second = 0.0;
};

/// A law of mass one on the line. Places are measured from `origin()`, near its middle, so that a
/// law far from zero loses no digits.
class LineLaw {
 public:
  virtual ~LineLaw() = default;

  virtual double origin() const = 0;

  /// A place with mass `split.below` under it: the quantile. Finite, also where the support is not:
  /// there it is a place beyond which no mass that a double can hold is left.
  virtual double quantile(const MassSplit& split) const = 0;

  /// The masses under and above the place x.
  virtual MassSplit split(double x) const = 0;

  /// Moments of the part in [low, high] about the place `centre`: sums of terms of one sign, but
  /// for `first`, so small cells have their digits too.
  virtual LineMoments moments(double low, double high, double centre) const = 0;
};

using LineLawPtr = std::shared_ptr<const LineLaw>;

/// The uniform law on [low, high]. @throws std::invalid_argument unless low < high, both finite.
LineLawPtr uniform_line_law(double low, double high);

/// Mass masses[i] / sum spread evenly over [edges[i], edges[i + 1]].
/// @param edges   K + 1 increasing finite numbers. @param masses  K, non-negative, of positive sum.
LineLawPtr histogram_line_law(VectorIn edges, VectorIn masses);

/// Density proportional to sum_k c_k s^k on piece i, with c = coefficients.col(i) and s from -1 to
/// 1 across the piece.
/// @param knots  K + 1 increasing finite numbers.
/// @param coefficients  (degree + 1) x K with degree <= 6; the density must not be negative.
LineLawPtr piecewise_polynomial_line_law(VectorIn knots, PointsIn coefficients);

/// N(mean, deviation^2). @throws std::invalid_argument unless deviation > 0, both finite.
LineLawPtr gaussian_line_law(double mean, double deviation);

/// A mixture on the line. @throws std::invalid_argument for another dimension or a component of
/// variance zero.
LineLawPtr mixture_line_law(const GaussianMixture& mixture);

/// The law with quantile function `quantile`: increasing and finite on (0, 1), safe to call from
/// several threads. Moments are integrals over mass by adaptive Gauss-Legendre sums, relative
/// error about 1e-12; masses are found by bisection to 2^-60.
LineLawPtr quantile_line_law(std::function<double(double)> quantile);

}  // namespace pushforward::ot
