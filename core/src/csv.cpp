#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pushforward/core/errors.hpp"
#include "pushforward/core/point_io.hpp"

#include "core/src/csv_records.hpp"
#include "core/src/data_file.hpp"

namespace pushforward {
namespace {

using detail::CsvField;
using detail::CsvRecord;
using detail::CsvRecords;

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

bool is_missing(std::string_view field) {
  std::string word(trimmed(field).substr(0, 5));
  std::transform(word.begin(), word.end(), word.begin(),
                 [](char c) { return 'A' <= c && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  static constexpr std::array<std::string_view, 9> marks{"",     "na", "n/a", "nan", "null",
                                                         "none", "?",  ".",   "-"};
  return std::find(marks.begin(), marks.end(), word) != marks.end();
}

struct Number {
  double value = 0.0;
  bool is_number = false;
  bool in_range = false;
};

Number parsed(std::string_view field) {
  std::string_view text = trimmed(field);
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  Number number;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number.value);
  number.is_number = end == text.data() + text.size() && error != std::errc::invalid_argument;
  number.in_range = error == std::errc() && std::isfinite(number.value);
  return number;
}

std::string cut(std::string_view text) {
  return detail::quoted(text.size() > 60 ? std::string(text.substr(0, 57)) + "..."
                                         : std::string(text));
}

std::string read_text(const std::filesystem::path& path) {
  detail::DataFile file = detail::open_data_file(path);
  std::string text(static_cast<std::size_t>(file.size), '\0');
  file.stream.read(text.data(), static_cast<std::streamsize>(file.size));
  text.resize(static_cast<std::size_t>(file.stream.gcount()));
  const auto refuse = [&](const std::string& why) {
    throw DataError(DataFault::malformed, path, why);
  };
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    refuse("the text is UTF-16; save it as UTF-8");
  }
  if (text.starts_with("\x93NUMPY")) refuse("this is an npy file, not CSV");
  if (text.find('\0') != std::string::npos) refuse("holds zero bytes: not a text file");
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  return text;
}

char delimiter_of(Delimiter delimiter, std::string_view text) {
  switch (delimiter) {
    case Delimiter::comma:
      return ',';
    case Delimiter::semicolon:
      return ';';
    case Delimiter::tab:
      return '\t';
    default:
      return detail::detected_delimiter(text);
  }
}

class TableReader {
 public:
  TableReader(const std::filesystem::path& path, std::string_view text, const CsvOptions& options)
      : path_(path),
        options_(options),
        records_(path, text, delimiter_of(options.delimiter, text)) {}

  CsvTable read() {
    CsvRecord record;
    if (!records_.next(record)) {
      throw DataError(DataFault::malformed, path_, "the file holds no rows");
    }
    width_ = record.fields.size();
    first_row_ = record.row;
    has_header_ = options_.header ? *options_.header : looks_like_header(record);
    if (has_header_) header_ = record;
    choose_columns();
    bool more = has_header_ ? records_.next(record) : true;
    for (; more; more = records_.next(record)) take(record);
    if (missing_rows_ > 0 && options_.missing == Missing::error) refuse_missing();
    CsvTable table;
    for (const std::size_t column : columns_) table.names.push_back(name(column));
    const auto d = static_cast<Index>(columns_.size());
    table.values =
        Eigen::Map<const Matrix>(values_.data(), d, static_cast<Index>(values_.size()) / d);
    table.dropped_rows = missing_rows_;
    return table;
  }

 private:
  bool looks_like_header(const CsvRecord& record) const {
    const CsvField* number = nullptr;
    const CsvField* word = nullptr;
    for (const CsvField& field : record.fields) {
      if (is_missing(field.text)) continue;
      (parsed(field.text).is_number ? number : word) = &field;
    }
    if (number != nullptr && word != nullptr) {
      // A header whose names include a year, or data with a typing error: not ours to guess.
      records_.fail(DataFault::malformed, word->begin,
                    "the first row has numbers and " + cut(word->text) +
                        "; say whether it is a header with \"header\": true or false");
    }
    return word != nullptr;
  }

  std::string name(std::size_t column) const {
    return has_header_ ? std::string(trimmed(header_.fields[column].text)) : std::to_string(column);
  }

  void choose_columns() {
    if (options_.columns.empty()) {
      for (std::size_t i = 0; i < width_; ++i) columns_.push_back(i);
    }
    for (const ColumnReference& wanted : options_.columns) {
      columns_.push_back(std::holds_alternative<Index>(wanted)
                             ? column_at(std::get<Index>(wanted))
                             : column_named(std::get<std::string>(wanted)));
    }
  }

  std::size_t column_at(Index place) const {
    if (place < 0 || place >= static_cast<Index>(width_)) {
      throw DataError(DataFault::unknown_column, path_,
                      "there is no column " + std::to_string(place) + "; columns are 0 to " +
                          std::to_string(width_ - 1));
    }
    return static_cast<std::size_t>(place);
  }

  std::size_t column_named(const std::string& wanted) const {
    const auto refuse = [&](const std::string& why) {
      throw DataError(DataFault::unknown_column, path_, why);
    };
    if (!has_header_) refuse("column " + cut(wanted) + " is asked for, but there is no header");
    std::optional<std::size_t> found;
    std::string known;
    for (std::size_t i = 0; i < width_; ++i) {
      if (i < 20) known += (i > 0 ? ", " : "") + cut(name(i));
      if (name(i) != wanted) continue;
      if (found) refuse("column " + cut(wanted) + " is there twice; name it by its place");
      found = i;
    }
    if (width_ > 20) known += " and " + std::to_string(width_ - 20) + " more";
    if (!found) refuse("there is no column " + cut(wanted) + "; columns are " + known);
    return *found;
  }

  void take(const CsvRecord& record) {
    if (record.fields.size() != width_) {
      records_.fail(DataFault::malformed, record.fields[0].begin,
                    "row " + std::to_string(record.row) + " has " +
                        std::to_string(record.fields.size()) + " fields, expected " +
                        std::to_string(width_) + " as in row " + std::to_string(first_row_));
    }
    ++rows_;
    const std::size_t kept = values_.size();
    bool missing = false;
    for (const std::size_t column : columns_) {
      const CsvField& field = record.fields[column];
      if (is_missing(field.text)) {
        if (missing_rows_ == 0 && !missing) {
          first_missing_ = field;
          first_missing_message_ = described(record, column) + " is not a number";
        }
        missing = true;
      } else {
        values_.push_back(value(record, column));
      }
    }
    if (missing) {
      ++missing_rows_;
      values_.resize(kept);
    }
  }

  std::string described(const CsvRecord& record, std::size_t column) const {
    return cut(record.fields[column].text) + " in row " + std::to_string(record.row) + ", column " +
           (has_header_ ? cut(name(column)) : name(column));
  }

  double value(const CsvRecord& record, std::size_t column) const {
    const CsvField& field = record.fields[column];
    const Number number = parsed(field.text);
    if (number.is_number && number.in_range) return number.value;
    std::string why = number.is_number ? " is not a finite double" : " is not a number";
    std::string with_point = field.text;
    std::replace(with_point.begin(), with_point.end(), ',', '.');
    if (!number.is_number && parsed(with_point).is_number) {
      why += "; write a decimal point, not a comma";
    }
    records_.fail(DataFault::bad_value, field.begin, described(record, column) + why);
  }

  [[noreturn]] void refuse_missing() const {
    records_.fail(DataFault::bad_value, first_missing_.begin,
                  first_missing_message_ +
                      "; drop such rows with \"missing\": \"drop\" (would drop " +
                      std::to_string(missing_rows_) + " of " + std::to_string(rows_) + " rows)");
  }

  const std::filesystem::path& path_;
  const CsvOptions& options_;
  CsvRecords records_;
  std::size_t width_ = 0;
  std::int64_t first_row_ = 0;
  bool has_header_ = false;
  CsvRecord header_;
  std::vector<std::size_t> columns_;
  std::vector<double> values_;
  Index rows_ = 0;
  Index missing_rows_ = 0;
  CsvField first_missing_;
  std::string first_missing_message_;
};

}  // namespace

CsvTable read_csv(const std::filesystem::path& path, const CsvOptions& options) {
  const std::string text = read_text(path);
  return TableReader(path, text, options).read();
}

}  // namespace pushforward
