/// Measures as vectors over one reference: linear optimal partial transport.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "runner/task.hpp"

namespace pushforward::runner {

/// Each image is a measure on its pixels, with masses of its ink over the mean ink of all of them.
struct ImageMeasures {
  static constexpr std::string_view type_name = "images";
  DataReference images;
  std::optional<DataReference> labels;
  std::vector<int> classes = {0, 1};
  Index per_class = 10;
  int width = 8;

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("images", self.images, any_value, "one image a point, row by row from the top");
    field("labels", self.labels, any_value, "one number for each image: its class");
    field("classes", self.classes, at_least(0), "that are taken, where there are labels");
    field("per_class", self.per_class, between(1, 10'000), "the first so many images of each");
    field("width", self.width, at_least(1), "of the images, in pixels");
  }
};

/// Clouds of standard normal points around a centre that is drawn for each class, uniform in
/// [-spread, spread]^dim, each with a total mass between 1/2 and 3/2. The reference has as many
/// points, of total mass one. With `equal_masses` all points weigh the same, those of the reference
/// too, and the numbers of points vary: no mass has to split.
struct DrawnMeasures {
  static constexpr std::string_view type_name = "drawn";
  Index classes = 3;
  Index per_class = 6;
  Index dim = 2;
  Index points = 30;
  double spread = 4.0;
  bool equal_masses = false;

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("classes", self.classes, between(1, 100), "with a centre each");
    field("per_class", self.per_class, between(1, 10'000), "clouds");
    field("dim", self.dim, between(1, 1000), "dimension");
    field("points", self.points, between(1, 10'000), "of each cloud");
    field("spread", self.spread, positive, "of the centres");
    field("equal_masses", self.equal_masses, any_value,
          "whether total masses differ by the number of points instead of their weight");
  }
};

struct EmbeddingTask {
  static constexpr std::string_view name = "ot.embedding";
  static constexpr std::string_view summary =
      "measures of any mass as vectors over one reference, by partial transport";
  static constexpr bool random = true;

  struct Problem {
    std::variant<DrawnMeasures, ImageMeasures> measures;
    double lambda = 4.0;
    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("measures", self.measures, any_value,
            "what is embedded; the reference is their mean image, or standard normal points");
      field("lambda", self.lambda, positive,
            "price of a unit of mass that is left at either end, in squared lengths or pixels");
    }
  } problem;

  struct Solver {
    Index pairs = 40;
    double tolerance = 1e-10;
    OnNotConverged on_not_converged = OnNotConverged::error;
    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("pairs", self.pairs, at_least(0),
            "pairs of measures whose exact partial cost is computed for comparison");
      field("tolerance", self.tolerance, positive, "of each solve: relative duality gap");
      field("on_not_converged", self.on_not_converged, any_value,
            "whether a solve without its certificate ends the run with exit status 5");
    }
  } solver;

  struct Output {
    bool embeddings = true;
    bool discrepancies = true;
    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("embeddings", self.embeddings, any_value, "keep masses and displacements");
      field("discrepancies", self.discrepancies, any_value, "keep those of all pairs");
    }
  } output;

  void validate(const DataSet& data, ConfigProblems& problems) const;
  PlanEstimate plan(const DataSet& data) const;
  static std::vector<Quantity> quantities();
  static std::string_view starter();
  void run(RunContext& context) const;
};

}  // namespace pushforward::runner
