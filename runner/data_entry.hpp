/// One entry of `data` in a config: a weighted point set from a file or inline.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "pushforward/core/point_io.hpp"

#include "runner/shape_of.hpp"

namespace pushforward::runner {

struct UniformWeights {
  static constexpr std::string_view type_name = "uniform";
  template <class Self, class Field>
  static void describe(Self&, Field&&) {}
};

struct ColumnWeights {
  static constexpr std::string_view type_name = "column";
  std::string column;
  bool normalise = false;
  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("column", self.column, any_value, "column of the same CSV file that holds the weights");
    field("normalise", self.normalise, any_value, "divide by the sum");
  }
};

struct FileWeights {
  static constexpr std::string_view type_name = "file";
  std::string file;
  bool normalise = false;
  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("file", self.file, any_value, "a .npy or one-column .csv file, one weight a point");
    field("normalise", self.normalise, any_value, "divide by the sum");
  }
};

struct ValueWeights {
  static constexpr std::string_view type_name = "values";
  Vector values;
  bool normalise = false;
  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("values", self.values, non_negative, "one weight a point");
    field("normalise", self.normalise, any_value, "divide by the sum");
  }
};

template <>
struct JsonType<ColumnReference> {
  static Shape shape();
  static ColumnReference read(const Json& json);
  static Json write(const ColumnReference& reference);
};

struct DataEntry {
  std::optional<std::string> file;
  std::optional<Matrix> values;
  std::vector<ColumnReference> columns;
  Delimiter delimiter = Delimiter::detect;
  std::optional<bool> header;
  Missing missing = Missing::error;
  std::variant<UniformWeights, ColumnWeights, FileWeights, ValueWeights> weights;

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("file", self.file, any_value,
          "a .npy array of n rows of d numbers or of height x width x 3 colours, or a .csv table");
    field("values", self.values, any_value, "points given here, each a list of d numbers");
    field("columns", self.columns, any_value, "CSV columns by name or place from 0; empty: all");
    field("delimiter", self.delimiter, any_value, "what separates the fields of a CSV record");
    field("header", self.header, any_value, "whether the first CSV record names the columns");
    field("missing", self.missing, any_value, "what becomes of a CSV row with a missing entry");
    field("weights", self.weights, nested, "the mass of each point");
  }
};

struct RunPlan;

/// Reads every entry of `resolved["data"]` into `plan.data` and `plan.files`.
/// Problems (E4xx) go to `findings`, at the positions of `given`.
void load_data(const Json& given, bool allow_outside, RunPlan& plan, Findings& findings);

/// `path` as a config in `folder` means it.
/// @throws std::invalid_argument saying why a path is refused
std::filesystem::path resolve_path(const std::string& path, const std::filesystem::path& folder,
                                   bool allow_outside);

}  // namespace pushforward::runner
