/// Records and fields of a delimited text, per RFC 4180, with the place of each.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "pushforward/core/point_io.hpp"

namespace pushforward::detail {

struct CsvField {
  std::string text;       ///< Without quotes.
  std::size_t begin = 0;  ///< Offset of the field in the text.
};

struct CsvRecord {
  std::vector<CsvField> fields;
  std::int64_t row = 0;  ///< From 1, blank lines counted: what a spreadsheet shows.
};

/// Reads a text record by record. Blank lines are skipped.
class CsvRecords {
 public:
  /// Keeps references: `path` and `text` must outlive the reader.
  CsvRecords(const std::filesystem::path& path, std::string_view text, char delimiter)
      : path_(path), text_(text), delimiter_(delimiter) {}

  /// False at the end of the text. @throws DataError for quotes out of place.
  bool next(CsvRecord& record);

  /// @throws DataError naming line and column of `offset`.
  [[noreturn]] void fail(DataFault fault, std::size_t offset, const std::string& message) const;

 private:
  bool at_line_end() const {
    return at_ == text_.size() || text_[at_] == '\n' || text_[at_] == '\r';
  }
  void skip_line_end();
  void read_field(CsvField& field);
  void read_quoted(CsvField& field);

  const std::filesystem::path& path_;
  std::string_view text_;
  char delimiter_;
  std::size_t at_ = 0;
  std::int64_t row_ = 0;
};

/// The commonest of comma, semicolon and tab outside quotes in the first line with text; comma
/// if there is none.
char detected_delimiter(std::string_view text);

}  // namespace pushforward::detail
