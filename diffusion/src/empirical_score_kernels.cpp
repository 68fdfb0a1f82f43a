#include "diffusion/src/empirical_score_kernels.hpp"

#include "core/src/simd.hpp"

namespace pushforward::diffusion::detail::PUSHFORWARD_ISA {
namespace {

using Int = std::int64_t;
using V = simd::Vec<double>;
constexpr int lanes = simd::lanes<double>;
constexpr int tile = EmpiricalCloud::tile;
constexpr int slice = EmpiricalCloud::slice;
constexpr int chunk_points = EmpiricalCloud::chunk;
// Queries in flight share two vectors of points (in scores) or of coordinates (in sums): with a
// broadcast, 15 of 16 registers, or 19 of 32 with AVX-512. One more and an accumulator lives in
// memory, whose latency then decides.
constexpr int group = lanes == 8 ? 8 : 6;
constexpr int width = 2 * lanes;

constexpr double log2_e = 1.4426950408889634;
// Weights below 1e-17 of the largest change nothing in double precision: their logarithm is
// below -56.4 in base 2.
constexpr double negligible = -56.5;
// Rounding in scores beyond which distances are recomputed as sums of squared differences.
constexpr double tolerated_error = 1e-11;
constexpr double rounding = 1.1102230246251565e-16;
constexpr double infinity = __builtin_inf();

// scores[q][p] = scale <u_q, y_p> - offset_p for two vectors of a tile's points. Each sum runs over
// the dimensions in order, so its bits do not depend on how queries are grouped.
template <int n>
void score_points(const double* y, Int dim, const double* u, double scale, const double* offset,
                  double* scores) {
  V sum[n][2] = {};
  for (Int k = 0; k < dim; ++k) {
    const V first = simd::load(y + k * tile);
    const V second = simd::load(y + k * tile + lanes);
#pragma GCC unroll 8
    for (int q = 0; q < n; ++q) {
      const V coordinate = simd::set(u[q * dim + k]);
      sum[q][0] = simd::fma(first, coordinate, sum[q][0]);
      sum[q][1] = simd::fma(second, coordinate, sum[q][1]);
    }
  }
#pragma GCC unroll 8
  for (int q = 0; q < n; ++q) {
    double* to = scores + q * chunk_points;
    simd::store(to, simd::fma(sum[q][0], simd::set(scale), -simd::load(offset)));
    simd::store(to + lanes, simd::fma(sum[q][1], simd::set(scale), -simd::load(offset + lanes)));
  }
}

// sums[q] += sum_i weights[q][i] y_(index[i]) for one or two vectors of coordinates, `apart` in y.
template <int n, int vectors>
void add_points(const double* y, Int apart, const int* index, int count, const double* weights,
                double* sums, Int stride) {
  V sum[n][vectors];
#pragma GCC unroll 8
  for (int q = 0; q < n; ++q) {
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) sum[q][v] = simd::load(sums + q * stride + v * lanes);
  }
  for (int i = 0; i < count; ++i) {
    const Int p = index[i];
    V point[vectors];
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) point[v] = simd::load(y + p * slice + v * apart);
#pragma GCC unroll 8
    for (int q = 0; q < n; ++q) {
      const V weight = simd::set(weights[q * chunk_points + p]);
#pragma GCC unroll 2
      for (int v = 0; v < vectors; ++v) sum[q][v] = simd::fma(point[v], weight, sum[q][v]);
    }
  }
#pragma GCC unroll 8
  for (int q = 0; q < n; ++q) {
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v) simd::store(sums + q * stride + v * lanes, sum[q][v]);
  }
}

// Only points that some query of the group uses; a weight of zero adds nothing, so they leave the
// bits of the others alone.
template <int n>
void accumulate(const EmpiricalCloud& cloud, Int first_point, int points, const double* weights,
                double* sums) {
  int index[chunk_points];
  int count = 0;
  for (int p = 0; p < points; p += lanes) {
    V any = simd::load(weights + p);
    for (int q = 1; q < n; ++q) any += simd::load(weights + q * chunk_points + p);
    double lane[lanes];
    simd::store(lane, any);
    for (int l = 0; l < lanes; ++l) {
      index[count] = p + l;
      count += lane[l] != 0.0;
    }
  }
  if (count == 0) return;
  constexpr Int apart = lanes < slice ? lanes : slice * chunk_points;
  for (Int k = 0; k < cloud.stride; k += width) {
    const double* y = cloud.slices + cloud.slice_place(first_point, k / slice * slice) + k % slice;
    if (k + width <= cloud.stride) {
      add_points<n, 2>(y, apart, index, count, weights, sums + k, cloud.stride);
    } else {
      add_points<n, 1>(y, apart, index, count, weights, sums + k, cloud.stride);
    }
  }
}

double largest(const double* scores, int count) {
  V best = simd::load(scores);
  for (int p = lanes; p < count; p += lanes) best = simd::max(best, simd::load(scores + p));
  double lane[lanes];
  simd::store(lane, best);
  double top = lane[0];
  for (int l = 1; l < lanes; ++l) top = lane[l] > top ? lane[l] : top;
  return top;
}

// Scores become weights 2^(score - top); their sum is returned.
double weigh(double* scores, int count, double top) {
  V total{};
  for (int p = 0; p < count; p += lanes) {
    const V exponent = simd::load(scores + p) - simd::set(top);
    const V weight = simd::select(exponent < simd::set(negligible), V{}, simd::exp2(exponent));
    simd::store(scores + p, weight);
    total += weight;
  }
  return simd::sum(total);
}

double exp2_of(double t) {
  double lane[lanes];
  simd::store(lane, simd::exp2(simd::set(t)));
  return t < negligible * 4 ? 0.0 : lane[0];
}

// |x - a y_j|^2 as a sum of squared differences.
double squared_distance(const double* x, const EmpiricalCloud& cloud, Int j, double a) {
  double lane[slice] = {};
  for (Int k = 0; k < cloud.dim; k += slice) {
    const double* y = cloud.slices + cloud.slice_place(j, k);
    const Int count = cloud.dim - k < slice ? cloud.dim - k : slice;
    for (Int l = 0; l < count; ++l) {
      const double gap = x[k + l] - a * y[l];
      lane[l] += gap * gap;
    }
  }
  for (int half = slice / 2; half > 0; half /= 2) {
    for (int l = 0; l < half; ++l) lane[l] += lane[l + half];
  }
  return lane[0];
}

// What a query carries from chunk to chunk.
struct Query {
  double error;        // bound on the rounding in its scores, base 2
  double top;          // the largest score so far
  double total;        // sum of weights relative to the reference
  double distance;     // exact mode: squared distance and log2 weight of the reference point,
  double log2_weight;  //   the best so far; its weight is one
  bool exact;          // scores only select, distances are recomputed
};

void rescale(double* sums, Int stride, double factor) {
  for (Int k = 0; k < stride; k += lanes) {
    simd::store(sums + k, simd::load(sums + k) * simd::set(factor));
  }
}

void weigh_by_scores(Query& query, double* scores, int count, double* sums, Int stride) {
  const double top = largest(scores, count);
  if (top > query.top) {
    if (query.total > 0.0) {
      const double factor = exp2_of(query.top - top);
      query.total *= factor;
      rescale(sums, stride, factor);
    }
    query.top = top;
  }
  query.total += weigh(scores, count, query.top);
}

// Scores select the points whose weight may count, up to the rounding in both scores compared; the
// weights come from distances. Distances are subtracted before the logarithms of the weights join,
// which would drown in |x - a y|^2 / s^2.
void weigh_by_distances(Query& query, const EmpiricalCloud& cloud, const double* x, double a,
                        double scale, Int first, double* scores, int count, double* sums) {
  const double top = largest(scores, count);
  query.top = top > query.top ? top : query.top;
  const double cut = query.top + negligible - 2.0 * query.error;
  int kept[chunk_points];
  double distances[chunk_points];
  int n = 0;
  double distance = query.distance;
  double log2_weight = query.log2_weight;
  const auto advantage = [&](double d, double w) {  // over the reference, base 2
    return (distance - d) * scale + (w - log2_weight);
  };
  for (int p = 0; p < count; ++p) {
    if (!(scores[p] >= cut)) continue;
    const double d = squared_distance(x, cloud, first + p, a);
    const double w = cloud.log2_weights[first + p];
    kept[n] = p;
    distances[n++] = d;
    if (distance == infinity || advantage(d, w) > 0.0) {
      distance = d;
      log2_weight = w;
    }
  }
  if (query.total > 0.0) {
    const double factor = exp2_of(advantage(query.distance, query.log2_weight));
    query.total *= factor;
    if (factor != 1.0) rescale(sums, cloud.stride, factor);
  }
  query.distance = distance;
  query.log2_weight = log2_weight;
  for (int p = 0; p < count; ++p) scores[p] = 0.0;
  for (int i = 0; i < n; ++i) {
    const double exponent = advantage(distances[i], cloud.log2_weights[first + kept[i]]);
    const double weight = exponent < negligible ? 0.0 : exp2_of(exponent);
    scores[kept[i]] = weight;
    query.total += weight;
  }
}

Query begin(const EmpiricalCloud& cloud, const double* x, double a, double scale, double* u) {
  double norm = 0.0;
  double centred_norm = 0.0;
  for (Int k = 0; k < cloud.dim; ++k) {
    const double point = x[k] / a;
    u[k] = point - cloud.centre[k];
    norm += point * point;
    centred_norm += u[k] * u[k];
  }
  // Rounding of the coordinates of u, of a sum of dim products and of the norms.
  const double radius = cloud.radius;
  const double growth = 2.0 * __builtin_sqrt(static_cast<double>(cloud.dim)) + 8.0;
  const double error = rounding * scale * radius *
                       ((__builtin_sqrt(norm) + cloud.centre_norm) * 2.0 +
                        growth * (__builtin_sqrt(centred_norm) + radius));
  return {.error = error,
          .top = -infinity,
          .total = 0.0,
          .distance = infinity,
          .log2_weight = 0.0,
          .exact = !(error <= tolerated_error)};
}

void denoise(const EmpiricalCloud& cloud, const double* x, Int x_stride, Int queries, double a,
             double s, double* d, Int d_stride, double* scratch) {
  const Int dim = cloud.dim;
  const Int stride = cloud.stride;
  const double noise = s / a;
  const double scale = log2_e / (noise * noise);         // of <u, y> - |y|^2 / 2
  const double distance_scale = 0.5 * log2_e / (s * s);  // of |x - a y|^2
  double* const u = scratch;
  double* const scores = u + max_queries * dim;
  double* const sums = scores + max_queries * chunk_points;
  Query query[max_queries];
  for (Int q = 0; q < queries; ++q)
    query[q] = begin(cloud, x + q * x_stride, a, scale, u + q * dim);
  for (Int k = 0; k < queries * stride; ++k) sums[k] = 0.0;

  for (Int first = 0; first < cloud.points; first += chunk_points) {
    const Int left = cloud.points - first;
    const int count = left < chunk_points ? static_cast<int>(left) : chunk_points;
    const int tiles = (count + tile - 1) / tile;
    double offsets[chunk_points];
    for (int p = 0; p < tiles * tile; ++p) {
      offsets[p] = scale * cloud.half_norms[first + p] - cloud.log2_weights[first + p];
    }
    for (int p = 0; p < tiles * tile; p += width) {
      const double* y = cloud.tiles + (first + p / tile * tile) * dim + p % tile;
      Int q = 0;
      for (; q + group <= queries; q += group) {
        score_points<group>(y, dim, u + q * dim, scale, offsets + p, scores + q * chunk_points + p);
      }
      for (; q < queries; ++q) {
        score_points<1>(y, dim, u + q * dim, scale, offsets + p, scores + q * chunk_points + p);
      }
    }
    const int padded = tiles * tile;
    for (Int q = 0; q < queries; ++q) {
      double* row = scores + q * chunk_points;
      if (query[q].exact) {
        weigh_by_distances(query[q], cloud, x + q * x_stride, a, distance_scale, first, row, padded,
                           sums + q * stride);
      } else {
        weigh_by_scores(query[q], row, padded, sums + q * stride, stride);
      }
    }
    Int q = 0;
    for (; q + group <= queries; q += group) {
      accumulate<group>(cloud, first, padded, scores + q * chunk_points, sums + q * stride);
    }
    for (; q < queries; ++q) {
      accumulate<1>(cloud, first, padded, scores + q * chunk_points, sums + q * stride);
    }
  }
  for (Int q = 0; q < queries; ++q) {
    for (Int k = 0; k < dim; ++k) d[q * d_stride + k] = sums[q * stride + k] / query[q].total;
  }
}

}  // namespace

const EmpiricalScoreKernels& empirical_score_kernels() {
  static constexpr EmpiricalScoreKernels kernels{denoise};
  return kernels;
}

}  // namespace pushforward::diffusion::detail::PUSHFORWARD_ISA
