#include "runner/tasks/mass_report.hpp"

#include <algorithm>
#include <utility>

#include "runner/tasks/transport_report.hpp"

namespace pushforward::runner {

namespace {

constexpr double most = 0.5;  // a point moves if this share of its mass does

/// Indices of the shares of at least one half, or of those below.
std::vector<Index> indices(const Vector& shares, bool moves) {
  std::vector<Index> found;
  for (Index i = 0; i < shares.size(); ++i) {
    if ((shares[i] >= most) == moves) found.push_back(i);
  }
  return found;
}

Matrix columns(PointsIn points, const std::vector<Index>& chosen) {
  Matrix out(points.rows(), static_cast<Index>(chosen.size()));
  for (Index k = 0; k < out.cols(); ++k) {
    out.col(k) = points.col(chosen[static_cast<std::size_t>(k)]);
  }
  return out;
}

Figure plane_figure(const ot::TransportProblem& problem, const MovedMass& moved, PointsIn from,
                    PointsIn to, const std::string& lines) {
  const Matrix& x = problem.source.points();
  const Matrix& y = problem.target.points();
  Matrix all(2, x.cols() + y.cols());
  all << x, y;
  const Frame frame = frame_around(all);
  ScatterPanel panel{.x = {.label = "x", .unit = "length"}, .y = {.label = "y", .unit = "length"}};
  if (from.cols() > 0) panel.segments.push_back(transport_lines(lines, from, to));
  const auto add = [&](const std::string& name, PointsIn points, const Vector& shares, bool moves) {
    const auto chosen = indices(shares, moves);
    if (!chosen.empty()) {
      panel.clouds.push_back(point_cloud(name, columns(points, chosen), frame));
    }
  };
  add("source, moved", x, moved.source, true);
  add("target, reached", y, moved.target, true);
  add("source, left behind", x, moved.source, false);
  add("target, not reached", y, moved.target, false);
  return {.id = "transport",
          .title = "What moves and what does not",
          .description =
              "Both point sets in the plane by whether most of the mass of each point "
              "moves, with lines from source to " +
              lines + ".",
          .caption = "A point counts as moved or reached if at least half of its mass is.",
          .panels = {std::move(panel)}};
}

Figure line_figure(const ot::TransportProblem& problem, const MovedMass& moved) {
  LinePanel panel{.x = {.label = "position", .unit = "length"},
                  .y = {.label = "share of the mass", .low = -0.05, .high = 1.05}};
  const auto add = [&](const std::string& name, PointsIn points, const Vector& shares) {
    Series series{.name = name, .mark = Mark::points};
    for (const Index i : evenly_spaced(points.cols(), max_drawn_points)) {
      series.x.push_back(points(0, i));
      series.y.push_back(shares[i]);
    }
    panel.series.push_back(std::move(series));
  };
  add("source, moved", problem.source.points(), moved.source);
  add("target, reached", problem.target.points(), moved.target);
  return {.id = "transport",
          .title = "What moves and what does not",
          .description = "Of each point on the line, the share of its mass that moves.",
          .panels = {std::move(panel)}};
}

std::vector<Index> shown(const std::vector<Index>& all) {
  std::vector<Index> chosen;
  for (const Index k : evenly_spaced(static_cast<Index>(all.size()), shown_images)) {
    chosen.push_back(all[static_cast<std::size_t>(k)]);
  }
  return chosen;
}

}  // namespace

Vector moved_share(VectorIn r, VectorIn a) {
  Vector share(a.size());
  for (Index i = 0; i < a.size(); ++i) share[i] = a[i] > 0.0 ? std::min(1.0, r[i] / a[i]) : 1.0;
  return share;
}

std::optional<Figure> mass_figure(const ot::TransportProblem& problem, const MovedMass& moved,
                                  PointsIn from, PointsIn to, const std::string& lines) {
  if (problem.source.dim() == 1) return line_figure(problem, moved);
  if (problem.source.dim() == 2) return plane_figure(problem, moved, from, to, lines);
  return std::nullopt;
}

Figure mass_images(const ot::TransportProblem& problem, const MovedMass& moved, int width) {
  const Matrix& x = problem.source.points();
  const Matrix& y = problem.target.points();
  const double white = std::min(x.minCoeff(), y.minCoeff());
  const double black = std::max(x.maxCoeff(), y.maxCoeff());
  ImagePanel panel{.width = width, .height = static_cast<int>(x.rows()) / width};
  const auto add = [&](const std::string& name, PointsIn points, const std::vector<Index>& chosen) {
    if (chosen.empty()) return;
    panel.rows.push_back(image_row(name, columns(points, chosen), white, black));
  };
  std::vector<Index> movers, partners;
  for (const Index i : indices(moved.source, true)) {
    if (moved.partners[static_cast<std::size_t>(i)] >= 0) movers.push_back(i);
  }
  movers = shown(movers);
  for (const Index i : movers) partners.push_back(moved.partners[static_cast<std::size_t>(i)]);
  add("moved", x, movers);
  add("their main targets", y, partners);
  add("left behind", x, shown(indices(moved.source, false)));
  add("not reached", y, shown(indices(moved.target, false)));
  return {.id = "images",
          .title = "Images that move and images that do not",
          .description =
              "Sources that move above the targets that get most of their mass, then "
              "sources that are left behind and targets that are not reached.",
          .caption = "An image counts as moved or reached if at least half of its mass is.",
          .panels = {std::move(panel)}};
}

}  // namespace pushforward::runner
