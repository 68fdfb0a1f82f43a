#include "pushforward/diffusion/expressway.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <utility>

#include "pushforward/core/errors.hpp"
#include "pushforward/diffusion/time_grid.hpp"

namespace pushforward::diffusion {
namespace {

constexpr std::string_view here = "Expressway";
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

ExpresswayProblem checked(ExpresswayProblem problem, const ExpresswayOptions& options) {
  validate_fields(here, options);
  const Index dim = problem.atoms.dim();
  require(problem.noise != nullptr, here, "noise", std::string("null"), "a law to draw from");
  require(problem.noise->dim() == dim, here, "noise.dim()", problem.noise->dim(),
          "the dimension of the atoms, " + std::to_string(dim));
  const Vector& levels = problem.levels;
  require(levels.size() >= 1, here, "levels.size()", levels.size(), "at least 1");
  if (levels.size() == 1) {
    require(std::isfinite(levels[0]) && levels[0] >= 0.0, here, "levels[0]", levels[0],
            "a finite level of at least 0");
    return problem;
  }
  validate_levels(here, levels, problem.path);
  require(problem.denoiser != nullptr, here, "denoiser", std::string("null"),
          "one for the steps behind the map");
  require(problem.denoiser->dim() == dim, here, "denoiser.dim()", problem.denoiser->dim(),
          "the dimension of the atoms, " + std::to_string(dim));
  return problem;
}

// The hard map needs no mass centres: one draw an atom is the least that may be asked for.
ot::SemidiscreteMapOptions map_options(const ExpresswayOptions& options) {
  if (options.map == ExpresswayMap::smooth) return options.extension;
  return {.fit_draws_per_atom = 1, .threads = options.extension.threads};
}

Index distinct(const IndexVector& cells, Index atoms) {
  std::vector<bool> reached(static_cast<std::size_t>(atoms), false);
  for (const Index j : cells) reached[static_cast<std::size_t>(j)] = true;
  return std::count(reached.begin(), reached.end(), true);
}

}  // namespace

Expressway::Expressway(ExpresswayProblem problem, ot::SemidiscreteResult transport,
                       const ExpresswayOptions& options)
    : problem_(checked(std::move(problem), options)),
      options_(options),
      transport_(std::move(transport)),
      map_({problem_.noise, problem_.atoms}, transport_.heights, map_options(options)) {}

Expressway Expressway::fit(ExpresswayProblem problem, const ExpresswayOptions& options,
                           const Observer& observer) {
  problem = checked(std::move(problem), options);
  auto transport = ot::semidiscrete({problem.noise, problem.atoms}, options.transport, observer);
  return Expressway(std::move(problem), std::move(transport), options);
}

Index Expressway::nfe() const {
  const Vector& levels = problem_.levels;
  const Index steps = levels.size() - 1;
  return steps == 0 ? 0 : planned_nfe(options_.tail, steps, levels[steps] == 0.0);
}

ExpresswayResult Expressway::sample(Index n, const RngKey& key, const Observer& observer) const {
  require(n >= 1, here, "n", n, "at least 1");
  const auto start = Clock::now();
  ExpresswayResult result;
  const Matrix noise = problem_.noise->draws(key.for_purpose(Draw::initial), n);
  result.cells = map_.cells(noise);
  result.atoms_reached = distinct(result.cells, problem_.atoms.size());
  Matrix points(noise.rows(), n);
  if (options_.map == ExpresswayMap::smooth) {
    result.extension = map_.extend(noise, points);
  } else {
    for (Index i = 0; i < n; ++i) points.col(i) = problem_.atoms.points().col(result.cells[i]);
  }
  result.map_seconds = seconds_since(start);
  result.converged = true;
  result.termination = Termination::converged;
  if (problem_.levels.size() > 1) {
    auto tail = reverse_sampler(*problem_.denoiser, problem_.path, problem_.levels, points,
                                key.for_purpose(Draw::noise), options_.tail, observer);
    static_cast<SolveReport&>(result) = tail;
    result.samples = std::move(tail.samples);
    result.nfe = tail.nfe;
    result.orders = std::move(tail.orders);
    result.tail_seconds = tail.seconds;
  } else {
    result.samples = std::move(points);
  }
  result.seconds = seconds_since(start);
  return result;
}

}  // namespace pushforward::diffusion
