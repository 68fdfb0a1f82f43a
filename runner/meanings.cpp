#include "runner/meanings.hpp"

#include <algorithm>
#include <array>

namespace pushforward::runner {

namespace {

struct Meaning {
  std::string_view kind, name, text;
};

// A test asks for every name of every shipped task: a new one is not complete without its line.
constexpr std::array meanings{
    Meaning{"targets", "gaussian_ring", "equal Gaussians evenly spaced on a circle in the plane"},
    Meaning{"targets", "gaussian_grid", "equal Gaussians on a square grid in the plane"},
    Meaning{"targets", "gaussian_mixture", "Gaussians of given means, weights and deviations"},
    Meaning{"targets", "random_mixture", "draws of a Gaussian mixture that is itself drawn"},
    Meaning{"targets", "standard_normal", "the normal law of mean zero and unit covariance"},
    Meaning{"targets", "uniform_box", "the uniform law on a cube"},
    Meaning{"targets", "empirical", "the points of a data entry, a part of them held out"},
    Meaning{"targets", "data", "the weighted points of a data entry, all or those of one class"},
    Meaning{"targets", "gaussian", "a normal law"},
    Meaning{"targets", "image_of_source", "fresh draws of the source under a known optimal map"},
    Meaning{"targets", "box", "the uniform law on a box"},
    Meaning{"targets", "convex_polygon", "the uniform law on a convex polygon"},
    Meaning{"targets", "image", "the greys of a picture as a density in the plane"},
    Meaning{"targets", "voxels", "the greys of a volume as a density in space"},
    Meaning{"targets", "line_histogram", "mass spread evenly over intervals of the line"},
    Meaning{"targets", "line_mixture", "Gaussians on the line"},
    Meaning{"targets", "points", "sites that are given, with their weights"},
    Meaning{"targets", "drawn", "sites that are drawn from the source or around it"},
    Meaning{"solvers", "ddim", "exact where the prediction is constant; order 1, a call a step"},
    Meaning{"solvers", "euler", "Euler's method in the path's own clock; order 1, a call a step"},
    Meaning{"solvers", "heun", "trapezoid in the noise level; order 2, two calls a step"},
    Meaning{"solvers", "ancestral", "Gaussian reverse kernels with fresh noise; weak order 1"},
    Meaning{"solvers", "dpmpp_2m", "DPM-Solver++(2M): data prediction over two nodes; order 2"},
    Meaning{"solvers", "multistep", "exact weights over k nodes; order k, a call a step"},
    Meaning{"solvers", "batch_optimum", "heights that are optimal for one batch of draws"},
    Meaning{"solvers", "stochastic_newton", "Newton steps on growing fresh batches, averaged"},
    Meaning{"solvers", "mc_adam", "Adam on Monte Carlo masses: the published recipe"},
    Meaning{"solvers", "automatic", "chosen by size, sparsity and the regime that is measured"},
    Meaning{"solvers", "cells", "exact cells: damped Newton, or quantiles on the line"},
    Meaning{"solvers", "all_arcs", "network simplex that holds and prices every pair"},
    Meaning{"solvers", "shortlist", "network simplex on likely pairs, all others priced in rounds"},
    Meaning{"solvers", "streaming", "network simplex that computes costs as it needs them"},
    Meaning{"solvers", "sinkhorn", "soft minima by turns, over-relaxed, with decreasing epsilon"},
    Meaning{"solvers", "sparse_newton", "Newton steps on a sparsified Hessian of the dual"},
    Meaning{"solvers", "truncated_newton", "Newton steps by conjugate gradients, no matrix stored"},
    Meaning{"solvers", "exact", "the cheapest permutation"},
    Meaning{"solvers", "quantised", "the cheapest permutation for costs rounded to 16 bits"},
    Meaning{"solvers", "entropic", "means of targets under entropic potentials, at any point"},
    Meaning{"solvers", "nearest_neighbour", "the exact coupling, extended by the nearest sample"},
    Meaning{"solvers", "fixed_support", "Bregman projections on pixels or the nodes of a grid"},
    Meaning{"solvers", "free_support", "couplings and barycentric projections by turns"},
    Meaning{"solvers", "line", "means of quantile functions: exact on the line"},
    Meaning{"solvers", "nearest", "the nearest of several noises drawn for each datum"},
    Meaning{"paths", "vp_linear", "variance preserving, noise rate linear in time"},
    Meaning{"paths", "vp_cosine", "variance preserving, the signal falls as a cosine"},
    Meaning{"paths", "ve_geometric", "variance exploding, the noise level grows geometrically"},
    Meaning{"paths", "edm", "variance exploding, the noise level itself is the clock"},
    Meaning{"paths", "flow_linear", "the straight line from data to noise of flow matching"},
    Meaning{"costs", "squared_euclidean", "|x - y|^2, without a half"},
    Meaning{"costs", "euclidean", "|x - y|"},
    Meaning{"costs", "lp", "sum over coordinates of |x_k - y_k|^p"},
};

}  // namespace

std::string_view meaning_of(std::string_view kind, std::string_view name) {
  const auto known = std::find_if(meanings.begin(), meanings.end(), [&](const Meaning& meaning) {
    return meaning.kind == kind && meaning.name == name;
  });
  return known == meanings.end() ? std::string_view() : known->text;
}

}  // namespace pushforward::runner
