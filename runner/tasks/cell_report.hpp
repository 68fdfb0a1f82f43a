/// Exact cells in a run: the solve as a stage, and what reports show of it.
#pragma once

#include <string>
#include <vector>

#include "pushforward/ot/laguerre.hpp"
#include "pushforward/ot/semidiscrete_line.hpp"
#include "pushforward/ot/semidiscrete_newton.hpp"

#include "runner/task.hpp"
#include "runner/tasks/density_source.hpp"

namespace pushforward::runner {

/// The exact solves as stages: progress, recorded errors, calls; started afresh on resume, which a
/// larger budget of Newton steps is too.
const Bundle& newton_stage(RunContext& context, const std::string& name,
                           const ot::LaguerreProblem& problem,
                           const ot::SemidiscreteNewtonOptions& options);
const Bundle& line_stage(RunContext& context, const std::string& name, const ot::LineLawPtr& law,
                         const DiscreteMeasure& target, double tolerance);

/// Scalars that exact cells have of their own, with warnings where sites were merged or the source
/// was not reached; and their names for checks.
void add_cell_bounds(RunContext& context, const Bundle& outcome);
std::vector<Quantity> cell_quantities();

/// Most cells that are drawn one by one; of more, those in the middle are.
inline constexpr Index max_drawn_cells = 800;

/// The borders of the cells in the plane, sites and mass centres.
/// @param window  2 x V: the convex polygon that the cells tile.
Figure cell_figure(PointsIn window, PointsIn sites, VectorIn weights, PointsIn centres,
                   int threads);

/// The corners of what the cells tile: those of the polygon, if it is one, or of the box, d x 2.
Matrix window_of(const PolygonSource* polygon, const Matrix& box);

/// Points as dots, as many as there are.
Segments stipples(std::string name, PointsIn points);

/// The map on the line: the site that each interval goes to.
/// @param order, boundaries  of `ot::SemidiscreteLineResult`.
Figure step_figure(VectorIn sites, VectorIn order, VectorIn boundaries);

/// Mass error against Newton steps; 2 x (steps + 1): error and step length.
Figure newton_figure(PointsIn history);

}  // namespace pushforward::runner
