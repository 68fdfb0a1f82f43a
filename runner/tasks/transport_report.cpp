#include "runner/tasks/transport_report.hpp"

#include <algorithm>
#include <utility>

namespace pushforward::runner {

namespace {

Figure plane_figure(const ot::TransportProblem& problem, PointsIn from, PointsIn to,
                    const std::string& lines) {
  Matrix all(2, problem.source.size() + problem.target.size());
  all << problem.source.points(), problem.target.points();
  const Frame frame = frame_around(all);
  ScatterPanel panel{.x = {.label = "x", .unit = "length"}, .y = {.label = "y", .unit = "length"}};
  panel.segments.push_back(transport_lines(lines, from, to));
  panel.clouds.push_back(point_cloud("source", problem.source.points(), frame));
  panel.clouds.push_back(point_cloud("target", problem.target.points(), frame));
  return {.id = "transport",
          .title = "Where the mass goes",
          .description = "Both point sets in the plane, with lines from source to " + lines + ".",
          .caption = "Lines of an optimal transport of squared distances rarely cross.",
          .panels = {std::move(panel)}};
}

Figure line_figure(PointsIn from, PointsIn to, const std::string& lines) {
  Series series{.name = lines, .mark = Mark::points, .emphasis = true};
  for (const Index i : evenly_spaced(from.cols(), max_drawn_points)) {
    series.x.push_back(from(0, i));
    series.y.push_back(to(0, i));
  }
  LinePanel panel{.x = {.label = "source", .unit = "length"},
                  .y = {.label = "target", .unit = "length"},
                  .series = {std::move(series)}};
  return {.id = "transport",
          .title = "Where the mass goes",
          .description = "Where mass goes on the line against where it comes from: " + lines + ".",
          .caption = "On the line, optimal transport for convex costs is increasing.",
          .panels = {std::move(panel)}};
}

}  // namespace

std::vector<Index> evenly_spaced(Index n, Index most) {
  const Index count = std::min(n, most);
  std::vector<Index> indices;
  for (Index k = 0; k < count; ++k) indices.push_back(k * n / count);
  return indices;
}

std::optional<Figure> transport_figure(const ot::TransportProblem& problem, PointsIn from,
                                       PointsIn to, const std::string& lines) {
  if (problem.source.dim() == 1) return line_figure(from, to, lines);
  if (problem.source.dim() == 2) return plane_figure(problem, from, to, lines);
  return std::nullopt;
}

Figure image_figure(const ot::TransportProblem& problem, PointsIn images,
                    const std::vector<Index>& partners, int width) {
  const Matrix& x = problem.source.points();
  const Matrix& y = problem.target.points();
  const std::vector<Index> shown = evenly_spaced(x.cols(), shown_images);
  const double white = std::min(x.minCoeff(), y.minCoeff());
  const double black = std::max(x.maxCoeff(), y.maxCoeff());
  Matrix rows[3];
  for (Matrix& row : rows) row.setConstant(x.rows(), static_cast<Index>(shown.size()), white);
  for (std::size_t k = 0; k < shown.size(); ++k) {
    const auto column = static_cast<Index>(k);
    const Index partner = partners[static_cast<std::size_t>(shown[k])];
    rows[0].col(column) = x.col(shown[k]);
    rows[1].col(column) = images.col(shown[k]);
    if (partner >= 0) rows[2].col(column) = y.col(partner);
  }
  ImagePanel panel{.width = width, .height = static_cast<int>(x.rows()) / width};
  panel.rows = {image_row("source", rows[0], white, black),
                image_row("mean image", rows[1], white, black),
                image_row("main target", rows[2], white, black)};
  return {.id = "images",
          .title = "Images and where they go",
          .description =
              "Column by column: a source, the mean of the targets that its mass goes "
              "to, and the target that gets most of it.",
          .caption = "A mean image that is blurred has its mass spread over several targets.",
          .panels = {std::move(panel)}};
}

Table certificate_table(const CertificateNumbers& numbers, std::string unit) {
  Table table{.id = "certificate",
              .title = "What proves the cost",
              .columns = {{"quantity"}, {"value", std::move(unit)}},
              .note =
                  "The optimal cost lies between the bounds, rounding included; the errors are "
                  "masses, in L1."};
  const auto add = [&](std::string name, double value) {
    table.rows.push_back({std::move(name), Measured{value}});
  };
  add("lower bound, from feasible potentials", numbers.certificate.dual);
  add("cost", numbers.cost);
  add("upper bound, from a coupling", numbers.certificate.primal);
  add("gap", numbers.certificate.gap());
  add("error of the source marginal", numbers.row_error);
  add("error of the target marginal", numbers.column_error);
  return table;
}

}  // namespace pushforward::runner
