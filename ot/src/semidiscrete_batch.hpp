/// The dual for one batch of draws, each restricted to the few cells that it scores highest in.
#pragma once

#include <cstdint>
#include <vector>

#include "ot/src/graph_laplacian.hpp"
#include "ot/src/semidiscrete_cells.hpp"
#include "ot/src/semidiscrete_certificate.hpp"

namespace pushforward::ot::detail {

/// For each draw its best cells at some heights: labels, best first, and scores less the best one.
/// Heights that then move by d_j have scores + d_labels, so one pass over all atoms serves many
/// steps, as long as these are small against the gap between first and last.
struct CandidateLists {
  Index slots = 0;
  std::vector<std::int32_t> labels;  ///< slots a draw; -1 in the first if no score was a number.
  std::vector<float> scores;         ///< slots a draw; the first is 0.

  Index size() const { return static_cast<Index>(labels.size()) / slots; }
};

/// Pairs of the draws in `lists` on one circle of `size` draws, and those of them that share a
/// cell.
DependentPairs pairs_on_circles(const CandidateLists& lists, Index size, VectorIn weights);

/// The independent draws whose masses are as good as those of n draws with such `pairs`: the sum of
/// Var(m_j) / nu_j is N - 1 over the former, near balance, and to the latter each pair adds its
/// covariance. At most n.
double independent_draws(double n, const DependentPairs& pairs, Index cells);

/// Extends `lists` to the draws 0, ..., n - 1 of `key`.
void draw_candidates(const CentredProblem& problem, const CellAssignment& cells, const RngKey& key,
                     Index n, int threads, CandidateLists& lists);

/// A draw's best and second cell, and by how much the best is ahead.
struct TopTwo {
  std::int32_t best, second;  ///< -1 where there is none.
  float gap;
};

/// An estimate of the Hessian of E max_j (<x, y_j> + h_j), the Laplacian with w_jk the density at
/// zero of the gap between planes j and k, on the facet of their cells. Of the draws in cell j with
/// second k, those with a gap below b are b w_jk / 1 to first order, and so are those of k with
/// second j: each side with its own b, half the mean gap of the cell; the mean of both counts.
GraphLaplacian facet_laplacian(Index cells, const std::vector<TopTwo>& draws);

/// A step for all heights and what is known of it.
struct BatchStep {
  Vector change;           ///< N: heights of the batch's optimum less those of the lists.
  GraphLaplacian hessian;  ///< At the last iterate.
  double excess = 0.0;     ///< chi^2 of the batch's masses after the step, over (N - 1) / n.
};

/// Minimises (1/n) sum_i max_k (score_ik + d_k) + <d, `hidden` d> / 2 - <m, d> by Newton's method
/// with facet_laplacian() for the Hessian and a search along each step, until the batch's masses
/// agree with those wanted, m, far better than another batch would.
BatchStep solve_batch(const CandidateLists& lists, VectorIn masses, const GraphLaplacian& hidden,
                      int threads);

/// The same without lists: every step sorts the draws 0, ..., n - 1 of `key` among all cells, and
/// `hidden` belongs to the Hessian alone.
BatchStep approach(const CentredProblem& problem, CellAssignment& cells, VectorIn heights,
                   const GraphLaplacian& hidden, const RngKey& key, Index n, int threads);

}  // namespace pushforward::ot::detail
