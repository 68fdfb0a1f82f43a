/// What reports of discrete transport show: where mass goes, images and their images, and numbers
/// that bracket the optimum.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pushforward/ot/certificate.hpp"
#include "pushforward/ot/problem.hpp"

#include "runner/context.hpp"

namespace pushforward::runner {

/// Where mass goes: in the plane both point sets under lines from source to target, on the line the
/// target against the source. Nothing in higher dimension.
/// @param from, to  d x K: the ends of K lines. @param lines  what they are called.
std::optional<Figure> transport_figure(const ot::TransportProblem& problem, PointsIn from,
                                       PointsIn to, const std::string& lines);

inline constexpr Index shown_images = 14;

/// Three rows of grey images, column by column: a source, where its mass goes on average, and the
/// target that gets most of it. At most `shown_images` sources, evenly spaced.
/// @param images  d x n. @param partners  n: indices of targets.
Figure image_figure(const ot::TransportProblem& problem, PointsIn images,
                    const std::vector<Index>& partners, int width);

/// Cost, bounds of the optimum and errors of the marginals.
struct CertificateNumbers {
  double cost = not_known;
  ot::DualityGap certificate;
  double row_error = not_known, column_error = not_known;
};
Table certificate_table(const CertificateNumbers& numbers, std::string unit);

/// Indices of at most `most` among n, evenly spaced.
std::vector<Index> evenly_spaced(Index n, Index most);

}  // namespace pushforward::runner
