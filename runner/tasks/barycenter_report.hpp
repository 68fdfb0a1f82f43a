/// What a report of barycenters shows.
#pragma once

#include <optional>
#include <vector>

#include "runner/tasks/barycenter_groups.hpp"

namespace pushforward::runner {

/// What is known of one barycenter.
struct FoundBarycenter {
  DiscreteMeasure measure;
  double objective = not_known;             ///< sum_k w_k W_2^2 to the measures, exact.
  double objective_of_mixture = not_known;  ///< The same for sum_k w_k b_k.
  double bound = not_known;                 ///< Below the objective of all on its support.
  std::int64_t iterations = 0;
  Vector residuals;  ///< One for each iteration.
};

/// Column by column a group: its barycenter, its mean image, and its first measures.
Figure barycenter_images(const BarycenterGroups& all, const std::vector<FoundBarycenter>& found);

/// In the plane all points of a group under those of its barycenter; on the line the distribution
/// functions. Nothing in higher dimension.
std::optional<Figure> barycenter_points(const BarycenterGroups& all,
                                        const std::vector<FoundBarycenter>& found);

/// Residual against iterations, a line a group. @param label  what the residual is.
Figure residuals_figure(const BarycenterGroups& all, const std::vector<FoundBarycenter>& found,
                        const std::string& label, double tolerance);

/// A row a group: objective, bound, that of the mixture.
Table barycenter_table(const BarycenterGroups& all, const std::vector<FoundBarycenter>& found);

}  // namespace pushforward::runner
