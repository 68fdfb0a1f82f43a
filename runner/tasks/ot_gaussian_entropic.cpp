#include "runner/tasks/ot_gaussian_entropic.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include <Eigen/LU>
#include <Eigen/QR>

#include "pushforward/ot/gaussian.hpp"
#include "pushforward/ot/grid_cost.hpp"
#include "pushforward/ot/sinkhorn.hpp"

namespace pushforward::runner {

namespace {

constexpr double mean_spread = 0.5;

ot::Gaussian random_gaussian(const GaussianEntropicTask::Problem& problem, Index dim,
                             const RngKey& key) {
  Matrix uniform(dim, 2), normal(dim, dim);
  fill_uniform(key, uniform);
  fill_normal(key.for_purpose(Draw::direction), normal);
  const Matrix turn = Eigen::HouseholderQR<Eigen::MatrixXd>(normal).householderQ();
  const Vector variances =
      problem.least_variance +
      (problem.largest_variance - problem.least_variance) * uniform.col(1).array();
  Matrix covariance = turn * variances.asDiagonal() * turn.transpose();
  covariance = 0.5 * (covariance + Matrix(covariance.transpose()));
  return {(2.0 * mean_spread) * (uniform.col(0).array() - 0.5), covariance};
}

/// The density at the nodes of the grid, of sum one: the trapezoidal rule, whose error is of order
/// exp(-2 pi^2 (standard deviation / step)^2).
Vector weights_on(const ot::GridCost& grid, const ot::Gaussian& law) {
  const Matrix precision = law.covariance.inverse();
  Vector weights(grid.rows());
  for (Index i = 0; i < weights.size(); ++i) {
    Vector x(grid.dim());
    for (Index k = 0; k < grid.dim(); ++k) {
      x[k] = grid.axis(k)[(i / grid.stride(k)) % grid.axis(k).size()] - law.mean[k];
    }
    weights[i] = std::exp(-0.5 * x.dot(precision * x));
  }
  return weights / weights.sum();
}

/// Deviations from the closed forms, over |a - b|^2 + tr A + tr B.
struct Deviations {
  double kl, linear, divergence;
  bool converged;
};

Deviations measure(const GaussianEntropicTask::Solver& solver, const ot::GridCost& grid,
                   const ot::Gaussian& a, const ot::Gaussian& b, double epsilon, int threads) {
  const ot::SinkhornOptions options{.epsilon = epsilon,
                                    .tolerance = solver.tolerance,
                                    .max_passes = solver.max_passes,
                                    .epsilon_scaling = false,  // epsilon is large
                                    .certificate = false,
                                    .threads = threads};
  const Vector u = weights_on(grid, a), v = weights_on(grid, b);
  const auto cross = ot::sinkhorn(grid, u, v, options);
  const auto source = ot::sinkhorn(grid, u, u, options);
  const auto target = ot::sinkhorn(grid, v, v, options);
  const auto closed = ot::gaussian_entropic(a, b, epsilon);
  const double scale =
      (a.mean - b.mean).squaredNorm() + a.covariance.trace() + b.covariance.trace();
  const double divergence = cross.kl_cost - 0.5 * (source.kl_cost + target.kl_cost);
  return {std::abs(cross.kl_cost - closed.kl_cost) / scale,
          std::abs(cross.linear_cost - closed.linear_cost) / scale,
          std::abs(divergence - ot::gaussian_sinkhorn_divergence(a, b, epsilon)) / scale,
          cross.converged && source.converged && target.converged};
}

}  // namespace

void GaussianEntropicTask::validate(const DataSet&, ConfigProblems& problems) const {
  if (problem.dims.empty()) problems.add("/problem/dims", "at least one dimension is needed");
  if (problem.least_variance > problem.largest_variance) {
    problems.add("/problem/least_variance", "must be at most \"largest_variance\"");
  }
  if (solver.epsilons.empty()) problems.add("/solver/epsilons", "at least one number is needed");
}

PlanEstimate GaussianEntropicTask::plan(const DataSet&) const {
  double nodes = 0.0, work = 0.0;
  for (const Index dim : problem.dims) {
    const double all = std::pow(static_cast<double>(solver.nodes), static_cast<double>(dim));
    nodes = std::max(nodes, all);
    work += all * static_cast<double>(solver.nodes * dim);
  }
  return {.bytes = 200.0 * nodes,
          .operations = 3000.0 * work * static_cast<double>(problem.pairs) *
                        static_cast<double>(solver.epsilons.size()),
          .remedy = "lower /solver/nodes or leave out the largest of /problem/dims"};
}

std::vector<Quantity> GaussianEntropicTask::quantities() {
  return {
      {"kl_error_max", "", "largest deviation of the regularised cost, over the second moments"},
      {"linear_error_max", "", "the same for <P, C>"},
      {"divergence_error_max", "", "the same for the Sinkhorn divergence"},
      {"error.*", "", "largest of the three in one dimension"}};
}

std::string_view GaussianEntropicTask::starter() {
  return R"({
  "version": 1,
  "task": "ot.gaussian_entropic",
  "name": "gaussian-entropic",
  "seed": 1,
  "problem": {"dims": [1], "pairs": 2},
  "checks": [{"id": "closed form", "quantity": "kl_error_max", "max": 1e-8}]
}
)";
}

void GaussianEntropicTask::run(RunContext& context) const {
  const auto count = static_cast<Index>(solver.epsilons.size());
  LinePanel panel{.x = {.label = "epsilon", .unit = "length^2", .scale = Scale::log},
                  .y = {.label = "largest deviation, relative", .scale = Scale::log}};
  double kl = 0.0, linear = 0.0, divergence = 0.0;
  SolveReport report{.converged = true, .termination = Termination::converged};
  for (const Index dim : problem.dims) {
    const std::string in = "dim_" + std::to_string(dim);
    const Bundle& measured = context.stage(in, [&](Stage& stage) {
      const double reach = mean_spread + solver.width * std::sqrt(problem.largest_variance);
      const ot::GridCost grid(std::vector<Vector>(static_cast<std::size_t>(dim),
                                                  Vector::LinSpaced(solver.nodes, -reach, reach)));
      Bundle out;
      Matrix& rows = out.arrays["deviations"];
      rows = Matrix::Zero(4, count);
      rows.row(3).setOnes();
      for (Index p = 0; p < problem.pairs; ++p) {
        const RngKey key = context.key(Draw::source)
                               .at_chain(static_cast<std::uint32_t>(dim * 1024))
                               .at_step(static_cast<std::uint32_t>(2 * p));
        const auto a = random_gaussian(problem, dim, key);
        const auto b = random_gaussian(problem, dim, key.at_step(key.step + 1));
        for (Index e = 0; e < count; ++e) {
          stage.poll({.phase = in, .done = p * count + e, .total = problem.pairs * count});
          const Deviations d = measure(
              solver, grid, a, b, solver.epsilons[static_cast<std::size_t>(e)], context.threads());
          const Vector worst = (Vector(3) << d.kl, d.linear, d.divergence).finished();
          rows.col(e).head(3) = rows.col(e).head(3).cwiseMax(worst);
          if (!d.converged) rows(3, e) = 0.0;
        }
      }
      return out;
    });
    const Matrix& rows = measured.arrays.at("deviations");
    if (rows.row(3).minCoeff() < 1.0) {
      report.converged = false;
      report.termination = Termination::max_iterations;
    }
    kl = std::max(kl, rows.row(0).maxCoeff());
    linear = std::max(linear, rows.row(1).maxCoeff());
    divergence = std::max(divergence, rows.row(2).maxCoeff());
    context.scalar("error." + std::to_string(dim),
                   {.value = rows.topRows(3).maxCoeff(),
                    .description = "largest deviation in this dimension"});
    Series worst{.name = "dimension " + std::to_string(dim), .x = solver.epsilons};
    for (Index e = 0; e < count; ++e) {
      // A deviation of nothing at all has no place on a logarithmic axis.
      worst.y.push_back(std::max(1e-17, rows.col(e).head(3).maxCoeff()));
    }
    panel.series.push_back(std::move(worst));
  }
  context.scalar("kl_error_max", {.value = kl, .description = "of the regularised cost"});
  context.scalar("linear_error_max", {.value = linear, .description = "of <P, C>"});
  context.scalar("divergence_error_max",
                 {.value = divergence, .description = "of the Sinkhorn divergence"});
  context.figure({.id = "deviations",
                  .title = "Grids against closed forms",
                  .description = "Largest deviation of the regularised cost, <P, C> and the "
                                 "Sinkhorn divergence between Gaussians on a grid from their "
                                 "closed forms, over the second moments, against epsilon.",
                  .caption = "The solver on the grid and the closed form share no code.",
                  .panels = {panel}});
  context.finish(report);
}

}  // namespace pushforward::runner
