#include "runner/data_entry.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "pushforward/core/measure.hpp"

#include "runner/config.hpp"
#include "runner/data_remarks.hpp"
#include "runner/sha256.hpp"

namespace pushforward::runner {

namespace {

/// Problems inside data files come behind those of the configs.
constexpr int data_source = 1 << 20;

struct BadData {
  std::string code;
  std::string text;
};

std::string code_of(DataFault fault) {
  switch (fault) {
    case DataFault::unreadable:
      return "E401";
    case DataFault::bad_value:
      return "E402";
    case DataFault::unknown_column:
      return "E403";
    case DataFault::wrong_size:
      return "E407";
    case DataFault::malformed:
    case DataFault::unwritable:
      break;
  }
  return "E404";
}

bool is_inside(const std::filesystem::path& path, const std::filesystem::path& folder) {
  const auto relative = std::filesystem::weakly_canonical(path).lexically_relative(
      std::filesystem::weakly_canonical(folder.empty() ? "." : folder));
  return !relative.empty() && *relative.begin() != "..";
}

class Loader {
 public:
  Loader(RunPlan& plan, bool allow_outside, std::string pointer)
      : plan_(plan), allow_outside_(allow_outside), pointer_(std::move(pointer)) {}

  std::shared_ptr<const DiscreteMeasure> load(const DataEntry& entry) {
    if (entry.file.has_value() == entry.values.has_value()) {
      throw BadData{"E308", "an entry of \"data\" needs either \"file\" or \"values\""};
    }
    const auto* column = std::get_if<ColumnWeights>(&entry.weights);
    Matrix points;
    Vector column_weights;
    if (entry.values) {
      points = *entry.values;
    } else if (is_csv(*entry.file)) {
      CsvOptions options{.delimiter = entry.delimiter,
                         .header = entry.header,
                         .columns = entry.columns,
                         .missing = entry.missing};
      if (column != nullptr && !options.columns.empty()) options.columns.push_back(column->column);
      CsvTable table = read_csv(opened(*entry.file), options);
      if (table.dropped_rows > 0) {
        warn(std::to_string(table.dropped_rows) + " rows with a missing entry were left out");
      }
      points = std::move(table.values);
      if (column != nullptr) column_weights = take_row(points, table.names, column->column);
    } else {
      const std::filesystem::path path = opened(*entry.file);
      if (read_npy_header(path).shape.size() == 3) {
        NpyPicture picture = read_npy_picture(path);
        picture_width_ = picture.width;
        points = std::move(picture.colours);
      } else {
        points = read_npy_points(path);
      }
    }
    if (column != nullptr && column_weights.size() == 0) {
      throw BadData{"E403", "weights from a column need a .csv file with that column"};
    }
    if (points.cols() == 0 || points.rows() == 0) throw BadData{"E404", "there are no points"};
    if (picture_width_ == 0) {  // colours repeat, and there is nothing wrong with that
      for (const auto& text : data_remarks(points)) warn(text);
    }
    auto [weights, normalise] = weights_of(entry, points.cols(), column_weights);
    check_weights(weights, points.cols(), normalise);
    return std::make_shared<DiscreteMeasure>(std::move(points), std::move(weights),
                                             Mass::normalise);
  }

  Index picture_width() const { return picture_width_; }  ///< Of what was loaded; 0: no picture.

 private:
  static bool is_csv(const std::string& file) {
    const auto extension = std::filesystem::path(file).extension();
    if (extension == ".csv" || extension == ".tsv" || extension == ".txt") return true;
    if (extension == ".npy") return false;
    throw BadData{"E404", json_string(file) + " is neither .npy nor .csv"};
  }

  std::filesystem::path opened(const std::string& file) {
    std::filesystem::path path;
    try {
      path = resolve_path(file, plan_.folder, allow_outside_);
    } catch (const std::invalid_argument& error) {
      throw BadData{"E401", error.what()};
    }
    std::error_code error;
    const auto bytes = std::filesystem::file_size(path, error);
    if (error) throw BadData{"E401", json_string(path.string()) + " cannot be read"};
    // Text may take several times its length once parsed.
    const double need = 4.0 * static_cast<double>(bytes);
    if (need > plan_.runtime.memory_limit.bytes()) {
      throw BadData{"E701", "reading " + json_string(file) + " needs about " + size_text(need) +
                                ", more than runtime.memory_limit"};
    }
    plan_.files.push_back(
        {.entry = pointer_, .path = path, .bytes = bytes, .sha256 = sha256_of_file(path)});
    return path;
  }

  static Vector take_row(Matrix& points, const std::vector<std::string>& names,
                         const std::string& name) {
    const auto it = std::find(names.begin(), names.end(), name);
    if (it == names.end()) {
      std::string text = "there is no column " + json_string(name);
      if (const auto guess = nearest(name, names)) {
        text += "; did you mean " + json_string(*guess) + "?";
      }
      throw BadData{"E403", text};
    }
    const auto row = static_cast<Index>(it - names.begin());
    Vector weights = points.row(row).transpose();
    Matrix rest(points.rows() - 1, points.cols());
    rest << points.topRows(row), points.bottomRows(points.rows() - row - 1);
    points = std::move(rest);
    return weights;
  }

  std::pair<Vector, bool> weights_of(const DataEntry& entry, Index n, const Vector& column) {
    if (const auto* from_column = std::get_if<ColumnWeights>(&entry.weights)) {
      return {column, from_column->normalise};
    }
    if (const auto* values = std::get_if<ValueWeights>(&entry.weights)) {
      return {values->values, values->normalise};
    }
    if (const auto* file = std::get_if<FileWeights>(&entry.weights)) {
      if (is_csv(file->file)) {
        const CsvTable table = read_csv(opened(file->file), {});
        if (table.values.rows() != 1) {
          throw BadData{"E405", "a CSV file of weights has one column, this one has " +
                                    std::to_string(table.values.rows())};
        }
        return {table.values.row(0).transpose(), file->normalise};
      }
      return {read_npy_vector(opened(file->file)), file->normalise};
    }
    return {Vector::Constant(n, 1.0 / static_cast<double>(n)), true};
  }

  static void check_weights(const Vector& weights, Index n, bool normalise) {
    if (weights.size() != n) {
      throw BadData{"E406", "there are " + std::to_string(n) + " points and " +
                                std::to_string(weights.size()) + " weights"};
    }
    for (Index i = 0; i < n; ++i) {
      if (std::isfinite(weights(i)) && weights(i) >= 0) continue;
      throw BadData{"E405", "weight " + std::to_string(i) + " (from 0) is " +
                                json_number(weights(i)) + ", expected at least 0"};
    }
    const double sum = weights.sum();
    if (!(sum > 0) || !std::isfinite(sum)) {
      throw BadData{"E405",
                    "the weights sum to " + json_number(sum) + ", expected a positive finite sum"};
    }
    constexpr double tolerance = 1e-9;
    const double off = std::abs(sum - 1.0);
    if (!normalise && off > tolerance) {
      std::string text = "weights sum to " + json_number(sum) + ", expected 1; the difference " +
                         json_number(off) + " is above 1e-09. ";
      // Rounding to float32 leaves relative errors of up to 6e-8 in every weight.
      if (off < 1e-6) text += "They look like rounded float32: ";
      throw BadData{"E405", text + "set \"normalise\": true"};
    }
  }

  void warn(const std::string& text) { plan_.warnings.push_back(pointer_ + ": " + text); }

  RunPlan& plan_;
  bool allow_outside_;
  std::string pointer_;
  Index picture_width_ = 0;
};

}  // namespace

Shape JsonType<ColumnReference>::shape() {
  Shape shape{.kind = Shape::Kind::special};
  shape.accepts = [](const Json& json) {
    return json.is_string() || (json.is_number() && json.number() >= 0 && json.number() < 1e6 &&
                                json.number() == std::floor(json.number()));
  };
  shape.expected = "the name of a column or its place from 0";
  shape.schema = Json::object();
  shape.schema.set("type", Json(Json::List{"string", "integer"}));
  shape.schema.set("minimum", 0);
  shape.schema.set("exclusiveMaximum", 1e6);
  return shape;
}

ColumnReference JsonType<ColumnReference>::read(const Json& json) {
  if (json.is_string()) return json.string();
  return static_cast<Index>(json.number());
}

Json JsonType<ColumnReference>::write(const ColumnReference& reference) {
  return std::visit([](const auto& value) { return Json(value); }, reference);
}

std::filesystem::path resolve_path(const std::string& path, const std::filesystem::path& folder,
                                   bool allow_outside) {
  if (path.empty() || path.find('\0') != std::string::npos) {
    throw std::invalid_argument("a path must not be empty");
  }
  const std::filesystem::path given(path);
  const std::filesystem::path full = given.is_absolute() ? given : folder / given;
  if (!allow_outside && !is_inside(full, folder) && !is_inside(full, ".")) {
    throw std::invalid_argument(json_string(path) +
                                " leaves the folder of the config and the working directory; "
                                "--allow-outside permits that");
  }
  return full.lexically_normal();
}

void load_data(const Json& given, bool allow_outside, RunPlan& plan, Findings& findings) {
  const Json& entries = *plan.resolved.find("data");
  for (const auto& member : entries.members()) {
    const std::string pointer = pointer_to("/data", member.key);
    const Json* written = given.at(pointer);
    const Position where = written ? written->where : Position{};
    try {
      Loader loader(plan, allow_outside, pointer);
      auto measure = loader.load(JsonType<DataEntry>::read(member.value));
      plan.data.add(member.key, std::move(measure), loader.picture_width());
    } catch (const BadData& bad) {
      findings.add({.code = bad.code, .pointer = pointer, .text = bad.text, .where = where});
    } catch (const DataError& error) {
      Finding finding{.code = code_of(error.fault()),
                      .pointer = pointer,
                      .text = error.message(),
                      .where = {.source = data_source,
                                .line = static_cast<int>(error.line()),
                                .column = static_cast<int>(error.column())},
                      .place = error.path().string()};
      findings.add(std::move(finding));
    } catch (const std::invalid_argument& error) {
      findings.add({.code = "E404", .pointer = pointer, .text = error.what(), .where = where});
    }
  }
}

}  // namespace pushforward::runner
