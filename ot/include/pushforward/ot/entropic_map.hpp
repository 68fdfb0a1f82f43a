/// Transport maps estimated from samples: the entropic map, defined for every point of space, and
/// the plain estimators that it is compared with. The cost is |x - y|^2 / 2 throughout.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "pushforward/core/measure.hpp"
#include "pushforward/core/report.hpp"
#include "pushforward/core/types.hpp"
#include "pushforward/ot/network_simplex.hpp"
#include "pushforward/ot/sinkhorn.hpp"

namespace pushforward::ot {

/// The same measure with equal points made one, their weights added: the first of each stays where
/// it is in the order. Work O(n d log n).
DiscreteMeasure merged_duplicates(const DiscreteMeasure& measure);

/// T(x) = sum_j y_j p_j(x),  p_j(x) proportional to b_j exp((g_j - |x - y_j|^2 / 2) / epsilon):
/// where mass at x goes on average under the coupling of entropic potentials, for any x.
///
/// T = x - grad f with f(x) = -epsilon log sum_j b_j exp((g_j - |x - y_j|^2 / 2) / epsilon), and
/// the gradient of a convex function. Values stay in the convex hull of the atoms; far away they
/// saturate at its nearest vertices. Const members are safe to call from many threads.
/// Source: \cite pooladian2021.
class EntropicMap {
 public:
  /// @param target   m atoms and their weights; atoms of weight zero are never reached.
  /// @param g        m finite numbers, in units of the cost; a common shift changes nothing but f.
  /// @param epsilon  positive.
  /// @throws std::invalid_argument naming the first argument for which that is not so.
  EntropicMap(DiscreteMeasure target, VectorIn g, double epsilon, int threads = 0);

  Index dim() const { return target_.dim(); }
  double epsilon() const { return epsilon_; }
  const DiscreteMeasure& target() const { return target_; }
  const Vector& potential() const { return g_; }  ///< g.

  /// T of each column of x (d x n, finite). Work O(n m d), memory O((n + m) d); the same bits for
  /// any number of threads.
  Matrix operator()(PointsIn x) const;
  /// f of each column of x: n.
  Vector source_potential(PointsIn x) const;
  /// DT(x) = Cov_{p(x)}(Y) / epsilon, d x d: symmetric and positive semi-definite. Work O(m d^2).
  Matrix jacobian(VectorIn x) const;

 private:
  DiscreteMeasure target_;
  Vector g_;
  double epsilon_;
  int threads_;
  Vector centre_;  // of the atoms: coordinates relative to it lose no digits to a far origin
};

/// T_ab(x) - T_aa(x) + x, with T_aa the entropic map of the source to itself, which would be the
/// identity but for the blur. Nearer to the optimal map for smooth maps and moderate epsilon; in
/// general neither the gradient of a convex function nor within the hull of the atoms, and not
/// always nearer. Source: \cite pooladian2022.
struct DebiasedEntropicMap {
  EntropicMap cross, self;

  Matrix operator()(PointsIn x) const { return cross(x) - self(x) + x; }
};

/// `residual` is the L1 error of the marginals.
struct EntropicMapResult : SolveReport {
  EntropicMap map;
  std::optional<EntropicMap> self;  ///< Where asked for.
  SinkhornResult transport;         ///< Of the measures with their duplicates merged.

  /// @throws std::invalid_argument unless the self map was asked for.
  DebiasedEntropicMap debiased() const;
};

/// Which maps are fitted.
enum class MapBias {
  plain,    ///< The entropic map.
  debiased  ///< Also the map of the source to itself.
};

constexpr std::array<std::string_view, 2> enum_names(MapBias) { return {"plain", "debiased"}; }

/// Fits the entropic map from source to target by `sinkhorn` for the cost |x - y|^2 / 2. Equal
/// points are merged first, so that n draws from J atoms cost O(n J) a pass.
/// @throws std::invalid_argument for a bad option or unequal dimensions.
EntropicMapResult entropic_map(const DiscreteMeasure& source, const DiscreteMeasure& target,
                               const SinkhornOptions& options = {}, MapBias bias = MapBias::plain,
                               const Observer& observer = {});

/// The image of the nearest sample, the first of several: an exact coupling extended to all of
/// space. Its error depends on how near samples are, n^{-1/d}.
class NearestNeighbourMap {
 public:
  /// @param samples  d x n. @param images  k x n, one for each. All finite.
  /// @throws std::invalid_argument for no samples, other shapes or an entry that is not finite.
  NearestNeighbourMap(PointsIn samples, PointsIn images, int threads = 0);

  const Matrix& images() const { return images_; }
  /// The nearest sample of each column of x (d x n'). Distances that differ by some roundings of
  /// the largest squared length count as equal.
  IndexVector nearest(PointsIn x) const;
  Matrix operator()(PointsIn x) const;  ///< k x n'.

 private:
  Matrix samples_, images_;
  Vector centre_;
  int threads_;
};

/// `exact` is the solution behind the images.
struct NearestNeighbourMapResult : SolveReport {
  NearestNeighbourMap map;
  NetworkSimplexResult exact;
};

/// The barycentric projection sum_j P_ij y_j / a_i of an exactly optimal coupling at the samples,
/// extended by the nearest sample. Samples of weight zero are left out.
/// @throws std::invalid_argument for a bad option or unequal dimensions.
NearestNeighbourMapResult nearest_neighbour_map(const DiscreteMeasure& source,
                                                const DiscreteMeasure& target,
                                                const NetworkSimplexOptions& options = {});

/// An epsilon for n samples of each of two measures with a smooth map between them:
///   scale n^{-1 / (d' + min(alpha, 3) + 1)},  d' = 2 ceil(d / 2),
/// for an inverse map with alpha > 1 derivatives. @param scale  in units of the cost.
/// @throws std::invalid_argument unless n and d are at least 1, alpha > 1 and scale > 0.
/// Source: \cite pooladian2021.
double smooth_map_epsilon(Index n, Index dim, double alpha, double scale);

/// An epsilon for n samples where the target has finitely many atoms: scale n^{-1/2}, whatever the
/// dimension. @throws as above. Source: \cite pooladian2023.
double semidiscrete_map_epsilon(Index n, double scale);

}  // namespace pushforward::ot
