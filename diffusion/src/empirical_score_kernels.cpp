#include "diffusion/src/empirical_score_kernels.hpp"

#include "core/src/simd.hpp"

namespace pushforward::diffusion::detail::PUSHFORWARD_ISA {
namespace {

using Int = std::int64_t;
using V = simd::Vec<double>;
constexpr int lanes = simd::lanes<double>;
constexpr int tile = EmpiricalCloud::tile;
constexpr int tile_vectors = tile / lanes;
constexpr int pad_vectors = EmpiricalCloud::padding / lanes;
// Queries in flight: accumulators fill the registers, 12 of 16 (AVX2) or 16 of 32 (AVX-512).
constexpr int group = lanes == 8 ? 8 : lanes == 4 ? 3 : 1;

constexpr double log2_e = 1.4426950408889634;
// Weights below 1e-17 of the largest change nothing in double precision: their logarithm is
// below -56.4 in base 2.
constexpr double negligible = -56.5;
// Rounding in scores beyond which distances are recomputed as sums of squared differences.
constexpr double tolerated_error = 1e-11;
constexpr double rounding = 1.1102230246251565e-16;
constexpr double infinity = __builtin_inf();

// scores[q][p] = scale <u_q, y_p> - offset_p for one tile. Each sum runs over the dimensions in
// order, so its bits do not depend on how queries are grouped.
template <int n>
void score_tile(const double* y, Int dim, const double* u, double scale, const double* offset,
                double* scores) {
  V sum[n][tile_vectors] = {};
  for (Int k = 0; k < dim; ++k) {
    V point[tile_vectors];
#pragma GCC unroll 8
    for (int v = 0; v < tile_vectors; ++v) point[v] = simd::load(y + k * tile + v * lanes);
#pragma GCC unroll 8
    for (int q = 0; q < n; ++q) {
      const V coordinate = simd::set(u[q * dim + k]);
#pragma GCC unroll 8
      for (int v = 0; v < tile_vectors; ++v) sum[q][v] = simd::fma(point[v], coordinate, sum[q][v]);
    }
  }
  for (int q = 0; q < n; ++q) {
    for (int v = 0; v < tile_vectors; ++v) {
      simd::store(scores + q * chunk_points + v * lanes,
                  simd::fma(sum[q][v], simd::set(scale), -simd::load(offset + v * lanes)));
    }
  }
}

// sums[q] += sum_i weights[q][i] y_(index[i]) for `width` vectors of the dimensions.
template <int n, int width>
void add_points(const double* rows, Int stride, const int* index, int count, const double* weights,
                double* sums) {
  V sum[n][width];
  for (int q = 0; q < n; ++q) {
    for (int v = 0; v < width; ++v) sum[q][v] = simd::load(sums + q * stride + v * lanes);
  }
  for (int i = 0; i < count; ++i) {
    const double* y = rows + index[i] * stride;
    V point[width];
#pragma GCC unroll 8
    for (int v = 0; v < width; ++v) point[v] = simd::load(y + v * lanes);
#pragma GCC unroll 8
    for (int q = 0; q < n; ++q) {
      const V weight = simd::set(weights[q * chunk_points + index[i]]);
#pragma GCC unroll 8
      for (int v = 0; v < width; ++v) sum[q][v] = simd::fma(point[v], weight, sum[q][v]);
    }
  }
  for (int q = 0; q < n; ++q) {
    for (int v = 0; v < width; ++v) simd::store(sums + q * stride + v * lanes, sum[q][v]);
  }
}

// A weight of zero adds nothing, so points that only a neighbouring query uses leave the bits
// alone.
template <int n>
void accumulate(const double* rows, Int stride, int points, const double* weights, double* sums) {
  int index[chunk_points];
  int count = 0;
  for (int p = 0; p < points; ++p) {
    double any = 0.0;
    for (int q = 0; q < n; ++q) any += weights[q * chunk_points + p];
    index[count] = p;
    count += any != 0.0;
  }
  if (count == 0) return;
  Int at = 0;
  for (; at + tile <= stride; at += tile) {
    add_points<n, tile_vectors>(rows + at, stride, index, count, weights, sums + at);
  }
  if (at < stride) {
    add_points<n, pad_vectors>(rows + at, stride, index, count, weights, sums + at);
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

// |x - a y|^2 as a sum of squared differences.
double squared_distance(const double* x, const double* y, Int dim, double a) {
  double lane[8] = {};
  Int k = 0;
  for (; k + 8 <= dim; k += 8) {
    for (int l = 0; l < 8; ++l) {
      const double gap = x[k + l] - a * y[k + l];
      lane[l] += gap * gap;
    }
  }
  for (int l = 0; k < dim; ++k, ++l) {
    const double gap = x[k] - a * y[k];
    lane[l] += gap * gap;
  }
  for (int half = 4; half > 0; half /= 2) {
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
    const double d = squared_distance(x, cloud.rows + (first + p) * cloud.stride, cloud.dim, a);
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
    for (int t = 0; t < tiles; ++t) {
      const double* y = cloud.tiles + (first + t * tile) * dim;
      Int q = 0;
      for (; q + group <= queries; q += group) {
        score_tile<group>(y, dim, u + q * dim, scale, offsets + t * tile,
                          scores + q * chunk_points + t * tile);
      }
      for (; q < queries; ++q) {
        score_tile<1>(y, dim, u + q * dim, scale, offsets + t * tile,
                      scores + q * chunk_points + t * tile);
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
    const double* rows = cloud.rows + first * stride;
    Int q = 0;
    for (; q + group <= queries; q += group) {
      accumulate<group>(rows, stride, count, scores + q * chunk_points, sums + q * stride);
    }
    for (; q < queries; ++q) {
      accumulate<1>(rows, stride, count, scores + q * chunk_points, sums + q * stride);
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
