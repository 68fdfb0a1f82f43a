#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <utility>

#include "pushforward/ot/barycenter.hpp"
#include "pushforward/ot/network_simplex.hpp"
#include "pushforward/ot/sinkhorn.hpp"

#include "core/src/parallel.hpp"
#include "ot/src/barycenter_inputs.hpp"

namespace pushforward::ot {
namespace {

constexpr const char* here = "free_support_barycenter";

/// Where the mass of each point goes on average, and what that costs.
struct Pull {
  Matrix images;
  double cost = 0.0;
  bool converged = true;
};

Pull pull_towards(const DiscreteMeasure& from, const DiscreteMeasure& to,
                  const FreeSupportOptions& options) {
  const TransportProblem problem{from, to};
  if (options.epsilon == 0.0) {
    const auto exact = network_simplex(problem, {.threads = options.threads});
    return {exact.coupling.barycentric_map(from.points(), to.points()).points, exact.transport_cost,
            exact.converged};
  }
  SinkhornSolver solver(std::make_shared<PointCost>(problem.cost_view()), from.weights(),
                        to.weights(),
                        {.epsilon = options.epsilon,
                         .tolerance = 1e-8,
                         .certificate = false,
                         .threads = options.threads});
  SinkhornState state = solver.init();
  while (!state.finished) solver.step(state);
  const SinkhornResult entropic = solver.result(state);
  return {solver.coupling(entropic).barycentric_map(from.points(), to.points()).points,
          entropic.linear_cost, entropic.converged};
}

}  // namespace

void FreeSupportOptions::validate() const { validate_fields("FreeSupportOptions", *this); }

FreeSupportResult free_support_barycenter(const std::vector<DiscreteMeasure>& measures,
                                          VectorIn weights, const DiscreteMeasure& start,
                                          const FreeSupportOptions& options,
                                          const Observer& observer) {
  const auto begin = std::chrono::steady_clock::now();
  options.validate();
  const Vector shares = detail::checked_weights(measures, weights, here);
  require(start.dim() == measures.front().dim(), here, "start.dim()", start.dim(),
          "the dimension of the measures");
  FreeSupportResult result{{}, start};
  result.threads = pushforward::detail::thread_count(options.threads);
  for (;;) {
    Matrix images = Matrix::Zero(start.dim(), start.size());
    double objective = 0.0;
    bool solved = true;
    for (Index k = 0; k < shares.size(); ++k) {
      if (shares[k] == 0.0) continue;
      const Pull pull =
          pull_towards(result.barycenter, measures[static_cast<std::size_t>(k)], options);
      images += shares[k] * pull.images;
      objective += shares[k] * pull.cost;
      solved = solved && pull.converged;
    }
    const double before = result.objective;
    result.objective = objective;
    // NaN at the first pass, when there is nothing to compare with.
    result.residual = (before - objective) / std::max(std::abs(objective), 1e-300);
    if (!std::isfinite(objective) || !solved) {
      result.termination =
          std::isfinite(objective) ? Termination::stalled : Termination::non_finite;
      break;
    }
    if (result.residual <= options.tolerance) {
      result.converged = true;
      result.termination = Termination::converged;
      break;
    }
    if (result.iterations >= options.max_iterations) break;
    if (observer && !observer({.phase = "support",
                               .done = result.iterations,
                               .total = options.max_iterations,
                               .residual = result.residual,
                               .tolerance = options.tolerance})) {
      result.termination = Termination::interrupted;
      break;
    }
    result.barycenter = DiscreteMeasure(std::move(images), start.weights());
    ++result.iterations;
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return result;
}

DiscreteMeasure univariate_barycenter(const std::vector<DiscreteMeasure>& measures,
                                      VectorIn weights) {
  constexpr const char* where = "univariate_barycenter";
  const Vector shares = detail::checked_weights(measures, weights, where);
  require(measures.front().dim() == 1, where, "the dimension of measures[0]",
          measures.front().dim(), "1");
  /// A measure read from left to right.
  struct Reader {
    std::vector<Index> order;
    std::size_t at = 0;
    double left = 0.0;  // of the mass at `at`
  };
  std::vector<Reader> readers;
  Index atoms = 0;
  for (const DiscreteMeasure& measure : measures) {
    Reader reader;
    for (Index i = 0; i < measure.size(); ++i) {
      if (measure.weights()[i] > 0.0) reader.order.push_back(i);
    }
    std::stable_sort(reader.order.begin(), reader.order.end(), [&](Index i, Index j) {
      return measure.points()(0, i) < measure.points()(0, j);
    });
    reader.left = measure.weights()[reader.order.front()];
    atoms += static_cast<Index>(reader.order.size());
    readers.push_back(std::move(reader));
  }
  std::vector<double> places, masses;
  places.reserve(static_cast<std::size_t>(atoms));
  // Masses below this are what rounding left of equal cumulated weights.
  constexpr double dust = 0x1p-50;
  for (;;) {
    double shipped = 1.0, place = 0.0;
    for (std::size_t k = 0; k < readers.size(); ++k) {
      const Reader& reader = readers[k];
      place += shares[Index(k)] * measures[k].points()(0, reader.order[reader.at]);
      shipped = std::min(shipped, reader.left);
    }
    places.push_back(place);
    masses.push_back(shipped);
    bool ended = false;
    for (std::size_t k = 0; k < readers.size(); ++k) {
      Reader& reader = readers[k];
      reader.left -= shipped;
      while (reader.left <= dust && !ended) {
        if (++reader.at == reader.order.size()) {
          ended = true;
        } else {
          reader.left += measures[k].weights()[reader.order[reader.at]];
        }
      }
    }
    if (ended) break;
  }
  const auto count = static_cast<Index>(places.size());
  Matrix points(1, count);
  points.row(0) = Eigen::Map<const Vector>(places.data(), count).transpose();
  return {points, Eigen::Map<const Vector>(masses.data(), count), Mass::normalise};
}

}  // namespace pushforward::ot
