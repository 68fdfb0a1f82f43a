/// The expressway: optimal transport carries noise to an intermediate noise level in one stride,
/// and a few sampler steps do the rest. Source: \cite li2023.
#pragma once

#include <array>
#include <memory>
#include <string_view>
#include <vector>

#include "pushforward/core/density.hpp"
#include "pushforward/core/measure.hpp"
#include "pushforward/core/options.hpp"
#include "pushforward/core/report.hpp"
#include "pushforward/core/rng.hpp"
#include "pushforward/core/types.hpp"
#include "pushforward/diffusion/exact_score.hpp"
#include "pushforward/diffusion/noise_schedule.hpp"
#include "pushforward/diffusion/reverse_sampler.hpp"
#include "pushforward/ot/semidiscrete.hpp"
#include "pushforward/ot/semidiscrete_map.hpp"

namespace pushforward::diffusion {

/// What noise is mapped to.
enum class ExpresswayMap {
  hard,   ///< The atom of its cell.
  smooth  ///< A mixture of nearby atoms that never crosses a discontinuity of the map.
};
constexpr std::array<std::string_view, 2> enum_names(ExpresswayMap) { return {"hard", "smooth"}; }

struct ExpresswayProblem {
  std::shared_ptr<const Sampler> noise;      ///< The law of the noise: what `sample` draws.
  DiscreteMeasure atoms;                     ///< Noised data at levels[0], path coordinates.
  std::shared_ptr<const Denoiser> denoiser;  ///< Of the data; called by the tail alone.
  NoisePath path;
  /// The tail's levels, that of the atoms first. One level alone means no tail: samples are what
  /// the map returns, and no denoiser is needed.
  Vector levels;
};

struct ExpresswayOptions {
  ExpresswayMap map = ExpresswayMap::smooth;
  ot::SemidiscreteOptions transport;
  /// Of the smooth map. Blends up to the median angle between neighbours by default: gaps between
  /// modes make larger ones.
  ot::SemidiscreteMapOptions extension{.angle_quantile = 0.5};
  ReverseSamplerOptions tail;

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("map", self.map, any_value, "the atom of the cell, or a blend of nearby atoms");
    field("transport", self.transport, nested, "how the transport is found");
    field("extension", self.extension, nested, "smooth: which atoms are blended");
    field("tail", self.tail, nested, "the sampler behind the map");
  }
};

struct ExpresswayResult : SolveReport {  // iterations: tail steps done
  Matrix samples;                        ///< d x n in path coordinates at the last level.
  IndexVector cells;                     ///< n: the atom whose cell the noise fell into.
  Index nfe = 0;             ///< Denoiser calls per sample; evaluations of the map are none.
  Index atoms_reached = 0;   ///< Atoms whose cell at least one sample fell into.
  std::vector<int> orders;   ///< Of each tail step.
  double map_seconds = 0.0;  ///< Wall time of drawing and mapping the noise.
  double tail_seconds = 0.0;

  /// smooth: what the blend did; `displacement_bound` bounds W_2 between hard and smooth images.
  ot::ExtensionReport extension;
};

/// Noise in, samples out, with the transport solved beforehand.
///
///   const auto expressway = Expressway::fit(problem, options);
///   const auto result = expressway.sample(10'000, {.seed = 1});
///
/// With the hard map and no tail the samples are atoms, atom j with probability m_j, the mass of
/// its cell; the transport's certificate bounds |m_j - nu_j|. Const members are safe from many
/// threads; same bits for any number of them.
class Expressway {
 public:
  /// Takes a transport that was found before, of problem.noise to problem.atoms.
  /// @throws std::invalid_argument for a null noise law, a missing denoiser, dimensions that do not
  ///   match, bad levels (validate_levels) or options, or heights that are not one per atom.
  Expressway(ExpresswayProblem problem, ot::SemidiscreteResult transport,
             const ExpresswayOptions& options = {});

  /// Solves the transport first; the observer watches the solver.
  static Expressway fit(ExpresswayProblem problem, const ExpresswayOptions& options = {},
                        const Observer& observer = {});

  /// n samples; sample i depends on (key.seed, key.step, key.chain + i) alone. Noise is drawn with
  /// purpose `initial`, an ancestral tail with purpose `noise`. The observer watches the tail.
  /// @throws std::invalid_argument for n < 1 and as `reverse_sampler` does.
  ExpresswayResult sample(Index n, const RngKey& key, const Observer& observer = {}) const;

  /// Denoiser calls per sample that `sample` will make.
  Index nfe() const;

  const ot::SemidiscreteResult& transport() const { return transport_; }  ///< With certificates.
  const ExpresswayProblem& problem() const { return problem_; }

 private:
  ExpresswayProblem problem_;
  ExpresswayOptions options_;
  ot::SemidiscreteResult transport_;
  ot::SemidiscreteMap map_;
};

}  // namespace pushforward::diffusion
