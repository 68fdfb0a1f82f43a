/// Flows and potentials on a pool of arcs by shortest augmenting paths, for the simplex to start
/// from.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "pushforward/ot/certificate.hpp"

#include "ot/src/transport_simplex.hpp"
#include "ot/src/whole_masses.hpp"

namespace pushforward::ot::detail {

/// Ships masses along paths of least reduced cost, which keeps potentials feasible on the pool and
/// tight where mass flows. With potentials near the optimum the paths are short, and the work does
/// not depend on the size of the problem around them. First only paths that take a short search,
/// then longer ones: searches that were cut off leave better potentials behind.
///
/// Source: \cite edmonds1972.
class AugmentingStart {
 public:
  AugmentingStart(const ArcPool& pool, const WholeMasses& masses, const Potentials& start);

  /// Ships as much as possible along an arc that is tight for the potentials given, beforehand.
  void ship(std::size_t arc);

  /// Ships what the pool can carry, or what a number of steps in proportion to the nodes allows.
  void run();

  const Potentials& potentials() const { return p_; }

  /// Arcs of the pool that carry mass, leaves of their forest first: shipping as much as possible
  /// along them in this order repeats the flow.
  std::vector<std::size_t> leaves_first() const;

 private:
  struct Label {
    double distance = 0.0;
    std::int32_t via = -1;  // the arc by which it was reached
    std::int32_t search = 0, done = 0;
  };

  std::int32_t row(std::int32_t arc) const { return pool_.row[static_cast<std::size_t>(arc)]; }
  std::int32_t col(std::int32_t arc) const { return pool_.col[static_cast<std::size_t>(arc)]; }
  bool is_tight(std::int32_t arc) const;
  void make_feasible();
  void ship_on_tight_arcs();
  void ship_on_tight_paths();
  bool search_tight(std::int32_t source);
  bool search(std::int32_t source, std::size_t most_sources);
  void reach(std::int32_t source, double distance);
  void augment(std::int32_t source, std::int32_t target);

  const ArcPool& pool_;
  Potentials p_;
  std::vector<double> excess_, room_;  // of sources and targets
  std::vector<double> flow_;           // of arcs
  std::vector<std::int32_t> row_first_, row_arc_, col_first_, col_arc_;
  std::vector<Label> row_label_, col_label_;
  std::vector<std::int32_t> sources_, targets_;  // that the search has passed
  std::vector<std::pair<double, std::int32_t>> heap_;
  bool equal_masses_ = false;
  std::int32_t searches_ = 0;
  std::size_t passed_ = 0;   // sources, by all searches
  std::vector<char> stuck_;  // sources from which no room can be reached
};

}  // namespace pushforward::ot::detail
