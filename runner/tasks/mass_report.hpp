/// What reports show of transport that leaves mass behind: which points move, which do not.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pushforward/ot/problem.hpp"

#include "runner/figure.hpp"

namespace pushforward::runner {

/// Shares in [0, 1] of each point's mass that is moved or reached, and where it goes.
struct MovedMass {
  Vector source, target;        ///< n and m.
  std::vector<Index> partners;  ///< n: the target that gets most of it, -1 if none gets any.
};

/// Of masses a and the marginal r of a coupling; 1 where the mass is zero, and at most 1.
Vector moved_share(VectorIn r, VectorIn a);

/// In the plane the points by whether most of their mass moves, under lines from source to target;
/// on the line the shares against the position. Nothing in higher dimension.
/// @param from, to  d x K: the ends of K lines. @param lines  what they are called.
std::optional<Figure> mass_figure(const ot::TransportProblem& problem, const MovedMass& moved,
                                  PointsIn from, PointsIn to, const std::string& lines);

/// Grey images: sources that move above the targets they go to, then sources that are left behind
/// and targets that are not reached.
Figure mass_images(const ot::TransportProblem& problem, const MovedMass& moved, int width);

}  // namespace pushforward::runner
