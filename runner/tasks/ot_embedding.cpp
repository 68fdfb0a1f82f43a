#include "runner/tasks/ot_embedding.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "pushforward/core/measure.hpp"
#include "pushforward/ot/partial.hpp"

#include "runner/figure_text.hpp"
#include "runner/tasks/embedding_measures.hpp"
#include "runner/tasks/transport_report.hpp"

namespace pushforward::runner {

namespace {

constexpr Index interpolated = 4;  // measures shown on their way from the reference
constexpr int stops = 5;

ot::PartialEmbedding kept(const Bundle& outcome, Index k) {
  const Matrix& mass = outcome.arrays.at("mass");
  const Matrix& displacement = outcome.arrays.at("displacement");
  ot::PartialEmbedding embedding;
  embedding.mass = mass.col(k);
  embedding.displacement =
      displacement.col(k).reshaped(displacement.rows() / mass.rows(), mass.rows());
  embedding.lost = outcome.arrays.at("lost")(0, k);
  embedding.objective = outcome.arrays.at("objective")(0, k);
  return embedding;
}

Bundle embedded(const EmbeddedMeasures& all, double lambda,
                const ot::NetworkSimplexOptions& options, Stage& stage) {
  const auto& [x, a] = all.reference;
  const Index count = static_cast<Index>(all.measures.size());
  Bundle out;
  Matrix& mass = out.arrays["mass"] = Matrix(a.size(), count);
  Matrix& displacement = out.arrays["displacement"] = Matrix(x.size(), count);
  Matrix& lost = out.arrays["lost"] = Matrix(1, count);
  Matrix& objective = out.arrays["objective"] = Matrix(1, count);
  std::vector<Vector> images;
  const std::vector<Index> shown = evenly_spaced(count, interpolated);
  bool converged = true;
  std::int64_t pivots = 0, solves = 0;
  for (Index k = 0; k < count; ++k) {
    stage.poll({.phase = "embedding", .done = k, .total = count});
    const auto& [y, b] = all.measures[static_cast<std::size_t>(k)];
    const ot::PartialEmbedding embedding = ot::partial_embedding(x, a, y, b, lambda, options);
    ++solves;
    converged = converged && embedding.converged;
    pivots += embedding.iterations;
    mass.col(k) = embedding.mass;
    displacement.col(k) = embedding.displacement.reshaped();
    lost(0, k) = embedding.lost;
    objective(0, k) = embedding.objective;
    if (all.width == 0 || std::find(shown.begin(), shown.end(), k) == shown.end()) continue;
    const int height = static_cast<int>(std::lround(x.row(1).maxCoeff())) + 1;
    for (int step = 0; step < stops; ++step) {
      const double t = static_cast<double>(step) / (stops - 1);
      images.push_back(
          rasterised(ot::embedding_interpolation(x, a, y, embedding, t), all.width, height));
    }
  }
  if (!images.empty()) {
    Matrix& pixels = out.arrays["interpolation"];
    pixels.resize(images.front().size(), static_cast<Index>(images.size()));
    for (Index i = 0; i < pixels.cols(); ++i) pixels.col(i) = images[static_cast<std::size_t>(i)];
  }
  out.counts["converged"] = converged;
  out.counts["pivots"] = pivots;
  out.counts["solves"] = solves;
  stage.calls("solves", static_cast<double>(solves));
  return out;
}

/// Exact partial costs of pairs that are evenly spaced among all: rows i, j and cost.
Bundle exact_pairs(const EmbeddedMeasures& all, double lambda, Index wanted,
                   const ot::NetworkSimplexOptions& options, Stage& stage) {
  const auto count = static_cast<Index>(all.measures.size());
  std::vector<std::pair<Index, Index>> pairs;
  for (Index i = 0; i < count; ++i) {
    for (Index j = i + 1; j < count; ++j) pairs.emplace_back(i, j);
  }
  const auto chosen = evenly_spaced(static_cast<Index>(pairs.size()), wanted);
  Bundle out;
  std::int64_t pivots = 0;
  Matrix& costs = out.arrays["pairs"] = Matrix(3, static_cast<Index>(chosen.size()));
  for (Index k = 0; k < costs.cols(); ++k) {
    stage.poll({.phase = "exact", .done = k, .total = costs.cols()});
    const auto [i, j] = pairs[static_cast<std::size_t>(chosen[static_cast<std::size_t>(k)])];
    const auto& [x, a] = all.measures[static_cast<std::size_t>(i)];
    const auto& [y, b] = all.measures[static_cast<std::size_t>(j)];
    const auto result = ot::penalized_partial_transport(a, b, ot::PointCost(x, y), lambda, options);
    costs.col(k) << static_cast<double>(i), static_cast<double>(j), result.objective;
    pivots += result.iterations;
  }
  out.counts["pivots"] = pivots;
  return out;
}

/// Shares of the measures whose nearest other one is of their own class.
double nearest_accuracy(const Matrix& discrepancies, const std::vector<int>& classes) {
  Index right = 0;
  for (Index i = 0; i < discrepancies.cols(); ++i) {
    Index best = -1;
    for (Index j = 0; j < discrepancies.cols(); ++j) {
      if (i != j && (best < 0 || discrepancies(i, j) < discrepancies(i, best))) best = j;
    }
    if (best < 0) continue;
    right += classes[static_cast<std::size_t>(i)] == classes[static_cast<std::size_t>(best)];
  }
  return static_cast<double>(right) / static_cast<double>(discrepancies.cols());
}

ScatterPanel class_panel(const Matrix& map, const std::vector<int>& classes) {
  ScatterPanel panel{.x = {.label = "first axis", .unit = "length"},
                     .y = {.label = "second axis", .unit = "length"}};
  const Frame frame = frame_around(map);
  std::vector<int> known = classes;
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  for (const int label : known) {
    std::vector<Index> members;
    for (std::size_t i = 0; i < classes.size(); ++i) {
      if (classes[i] == label) members.push_back(static_cast<Index>(i));
    }
    panel.clouds.push_back(
        point_cloud("class " + std::to_string(label), Matrix(map(Eigen::all, members)), frame));
  }
  return panel;
}

Figure map_figure(const Matrix& map, const std::vector<int>& classes) {
  return {.id = "map",
          .title = "The measures in the plane",
          .description =
              "Classical scaling of the discrepancies of all pairs: one point a "
              "measure, by class.",
          .caption =
              "Squared distances of points come as near to the discrepancies as two axes "
              "allow.",
          .panels = {class_panel(map, classes)}};
}

Figure principal_figure(const PrincipalPlane& plane, const std::vector<int>& classes) {
  return {.id = "principal",
          .title = "First two principal coordinates",
          .description =
              "Principal components of the embeddings as vectors, the displacement of "
              "each point of the reference times the root of its mass: one point a "
              "measure, by class.",
          .caption = "The two axes hold " + number_text(100.0 * plane.share) +
                     " per cent of the variance.",
          .panels = {class_panel(plane.coordinates, classes)}};
}

Figure exact_figure(const Matrix& pairs, const Matrix& discrepancies) {
  Series found{.name = "a pair of measures", .mark = Mark::points, .emphasis = true};
  double largest = 0.0;
  for (Index k = 0; k < pairs.cols(); ++k) {
    found.x.push_back(pairs(2, k));
    found.y.push_back(
        discrepancies(static_cast<Index>(pairs(0, k)), static_cast<Index>(pairs(1, k))));
    largest = std::max(largest, pairs(2, k));
  }
  const Series equal{.name = "equal",
                     .x = {0.0, largest},
                     .y = {0.0, largest},
                     .mark = Mark::line,
                     .reference = true};
  return {.id = "exact",
          .title = "Discrepancy against the exact partial cost",
          .description =
              "The discrepancy of two embeddings against the exact partial transport "
              "cost of the two measures, a point for each pair.",
          .caption = "An embedding needs one solve a measure, the exact cost one a pair.",
          .panels = {LinePanel{.x = {.label = "exact partial cost"},
                               .y = {.label = "discrepancy of embeddings"},
                               .series = {std::move(found), equal}}}};
}

Figure interpolation_figure(const Matrix& pixels, const std::vector<int>& classes, int width) {
  ImagePanel panel{.width = width, .height = static_cast<int>(pixels.rows()) / width};
  const auto shown = evenly_spaced(static_cast<Index>(classes.size()), interpolated);
  for (std::size_t r = 0; r < shown.size(); ++r) {
    const Matrix row = pixels.middleCols(static_cast<Index>(r) * stops, stops);
    panel.rows.push_back(
        image_row("to class " + std::to_string(classes[static_cast<std::size_t>(shown[r])]), row,
                  0.0, row.maxCoeff()));
  }
  return {.id = "interpolation",
          .title = "From the reference to a measure",
          .description =
              "Rows of images on their way from the reference, left, to a measure, "
              "right.",
          .caption = "Mass that is not worth moving fades where it is.",
          .panels = {std::move(panel)}};
}

}  // namespace

void EmbeddingTask::validate(const DataSet& data, ConfigProblems& problems) const {
  validate_measures(problem, data, problems);
}

PlanEstimate EmbeddingTask::plan(const DataSet& data) const {
  const auto size = size_of(problem, data);
  const auto k = static_cast<double>(size.count), n = static_cast<double>(size.points);
  const auto solves = k + static_cast<double>(solver.pairs);
  return {.bytes = 8.0 * (k * n * (static_cast<double>(size.dim) + 1.0) + 4.0 * k * k),
          .operations = 100.0 * solves * n * n + k * k * n * 10.0 + 20.0 * k * k * k,
          .remedy = "embed fewer measures"};
}

std::vector<Quantity> EmbeddingTask::quantities() {
  return {{"solves", "", "one for each measure"},
          {"lost", "", "mean mass of a measure that the reference does not reach"},
          {"reference_ratio_max", "",
           "discrepancy to the reference over the partial cost, largest: at most 1"},
          {"reference_ratio_min", "", "the same, smallest: 1 where no mass splits"},
          {"work_share", "",
           "pivots of all embeddings over those of all pairs, reckoned from the pairs solved"},
          {"nearest_accuracy", "", "share of measures whose nearest other is of their class"},
          {"principal_accuracy", "",
           "share of measures nearest to the mean of their class in two principal coordinates"},
          {"principal_share", "", "of the variance that two principal coordinates hold"},
          {"within", "", "mean discrepancy of two measures of one class"},
          {"between", "", "mean discrepancy of two measures of different classes"},
          {"exact_correlation", "", "of discrepancies with exact partial costs over the pairs"},
          {"exact_ratio", "", "mean discrepancy over mean exact cost, over the pairs"}};
}

std::string_view EmbeddingTask::starter() {
  return R"({
  "version": 1,
  "task": "ot.embedding",
  "name": "embedding",
  "seed": 1,
  "problem": {
    "measures": {"type": "drawn", "classes": 3, "per_class": 6, "points": 30},
    "lambda": 4.0
  },
  "checks": [
    {"id": "below the cost to the reference", "quantity": "reference_ratio_max", "max": 1.000001},
    {"id": "classes apart", "quantity": "within", "below": "between"}
  ]
}
)";
}

void EmbeddingTask::run(RunContext& context) const {
  const EmbeddedMeasures all = make_measures(problem, context);
  const auto count = static_cast<Index>(all.measures.size());
  const double lambda = problem.lambda;
  const ot::NetworkSimplexOptions options{.tolerance = solver.tolerance,
                                          .threads = context.threads()};
  const Bundle& outcome = context.stage(
      "embedding", [&](Stage& stage) { return embedded(all, lambda, options, stage); });
  const Bundle& exact = context.stage("exact", [&](Stage& stage) {
    return exact_pairs(all, lambda, solver.pairs, options, stage);
  });
  std::vector<ot::PartialEmbedding> embeddings;
  for (Index k = 0; k < count; ++k) embeddings.push_back(kept(outcome, k));
  const Bundle& compared = context.stage("comparison", [&](Stage& stage) {
    Bundle out;
    Matrix& discrepancies = out.arrays["discrepancies"] = Matrix::Zero(count, count);
    for (Index i = 0; i < count; ++i) {
      stage.poll({.phase = "comparison", .done = i, .total = count});
      for (Index j = 0; j < i; ++j) {
        discrepancies(i, j) = discrepancies(j, i) =
            ot::embedding_discrepancy(embeddings[static_cast<std::size_t>(i)],
                                      embeddings[static_cast<std::size_t>(j)], lambda);
      }
    }
    out.arrays["map"] = plane_map(discrepancies);
    return out;
  });
  const Matrix& discrepancies = compared.arrays.at("discrepancies");

  const auto own = ot::reference_embedding(all.reference.points, all.reference.masses);
  double ratio = 0.0, least_ratio = std::numeric_limits<double>::infinity(), within = 0.0,
         between = 0.0;
  Index within_count = 0, between_count = 0;
  for (Index i = 0; i < count; ++i) {
    const auto& embedding = embeddings[static_cast<std::size_t>(i)];
    const double to_reference =
        ot::embedding_discrepancy(own, embedding, lambda) / std::max(embedding.objective, 1e-300);
    ratio = std::max(ratio, to_reference);
    least_ratio = std::min(least_ratio, to_reference);
    for (Index j = 0; j < i; ++j) {
      const bool same =
          all.classes[static_cast<std::size_t>(i)] == all.classes[static_cast<std::size_t>(j)];
      (same ? within : between) += discrepancies(i, j);
      ++(same ? within_count : between_count);
    }
  }
  context.scalar("solves", {.value = static_cast<double>(outcome.counts.at("solves"))});
  context.scalar("lost",
                 {.value = outcome.arrays.at("lost").mean(),
                  .description = "mean mass of a measure that the reference does not reach"});
  context.scalar("reference_ratio_max",
                 {.value = ratio, .description = "discrepancy to the reference over partial cost"});
  context.scalar("reference_ratio_min", {.value = least_ratio});
  context.scalar("nearest_accuracy", {.value = nearest_accuracy(discrepancies, all.classes),
                                      .description = "nearest other measure of the same class"});
  if (within_count > 0)
    context.scalar("within", {.value = within / static_cast<double>(within_count)});
  if (between_count > 0) {
    context.scalar("between", {.value = between / static_cast<double>(between_count)});
  }
  const Matrix& pairs = exact.arrays.at("pairs");
  if (pairs.cols() > 1) {
    Vector found(pairs.cols());
    for (Index k = 0; k < pairs.cols(); ++k) {
      found[k] = discrepancies(static_cast<Index>(pairs(0, k)), static_cast<Index>(pairs(1, k)));
    }
    const Vector costs = pairs.row(2).transpose();
    const Vector u = found.array() - found.mean(), v = costs.array() - costs.mean();
    context.scalar("exact_correlation", {.value = u.dot(v) / (u.norm() * v.norm())});
    const double all_pairs = 0.5 * static_cast<double>(count * (count - 1));
    const double pivots_a_pair =
        static_cast<double>(exact.counts.at("pivots")) / static_cast<double>(pairs.cols());
    context.scalar("work_share",
                   {.value = static_cast<double>(outcome.counts.at("pivots")) /
                             std::max(1.0, all_pairs * pivots_a_pair),
                    .description = "pivots of all embeddings over those of all pairs"});
    context.scalar("exact_ratio", {.value = found.mean() / costs.mean()});
  }
  context.section("Embedding",
                  {std::to_string(count) + " measures over a reference of " +
                   std::to_string(all.reference.masses.size()) + " points, one solve each, where " +
                   std::to_string(count * (count - 1) / 2) + " pairs would need one each."});
  context.figure(map_figure(compared.arrays.at("map"), all.classes));
  const PrincipalPlane plane =
      principal_plane(outcome.arrays.at("mass"), outcome.arrays.at("displacement"));
  context.scalar(
      "principal_accuracy",
      {.value = nearest_mean_accuracy(plane.coordinates, all.classes),
       .description = "nearest class mean in two principal coordinates is the right one"});
  context.scalar("principal_share",
                 {.value = plane.share, .description = "of the variance, on two axes"});
  if (all.width > 0) {
    context.figure(
        interpolation_figure(outcome.arrays.at("interpolation"), all.classes, all.width));
  }
  if (pairs.cols() > 0) context.figure(exact_figure(pairs, discrepancies));
  context.figure(principal_figure(plane, all.classes));
  if (output.embeddings) {
    context.array("mass", outcome.arrays.at("mass"), "", "kept of each reference point");
    context.array("displacement", outcome.arrays.at("displacement"), "length",
                  "of each reference point, coordinates together");
  }
  if (output.discrepancies) context.array("discrepancies", discrepancies, "length^2");
  SolveReport report;
  report.converged = outcome.counts.at("converged") != 0;
  report.termination = report.converged ? Termination::converged : Termination::stalled;
  report.iterations = outcome.counts.at("pivots");
  context.finish(report);
}

}  // namespace pushforward::runner
