/// Points and weights from and to .npy and .csv files, which are trusted in nothing.
///
/// Readers refuse what they cannot represent faithfully, name the place, and never allocate more
/// than a fixed multiple of the file's length. Writers leave the old file or the new one, never a
/// half-written one.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "pushforward/core/options.hpp"
#include "pushforward/core/types.hpp"

namespace pushforward {

/// What is wrong with a data file.
enum class DataFault {
  unreadable,      ///< Missing, a directory, or closed to us.
  malformed,       ///< Not the format it claims to be.
  wrong_size,      ///< Longer or shorter than its header says.
  bad_value,       ///< An entry that is not a finite number.
  unknown_column,  ///< A column that was asked for is not there, or there twice.
  unwritable       ///< The file could not be written; what was there before is untouched.
};

constexpr std::array<std::string_view, 6> enum_names(DataFault) {
  return {"unreadable", "malformed", "wrong_size", "bad_value", "unknown_column", "unwritable"};
}

/// A data file that cannot be used. what() is "path:line:column: message", without line and column
/// where the file has none.
class DataError : public std::runtime_error {
 public:
  DataError(DataFault fault, std::filesystem::path path, std::string message, std::int64_t line = 0,
            std::int64_t column = 0);

  DataFault fault() const { return fault_; }
  const std::filesystem::path& path() const { return path_; }
  const std::string& message() const { return message_; }  ///< Without the place.
  std::int64_t line() const { return line_; }              ///< From 1; 0 in a binary file.
  std::int64_t column() const { return column_; }          ///< Of characters, from 1; 0 if unknown.

 private:
  DataFault fault_;
  std::filesystem::path path_;
  std::string message_;
  std::int64_t line_;
  std::int64_t column_;
};

/// What the header of a .npy file promises; the file's length has been checked against it.
struct NpyHeader {
  char kind = 'f';     ///< 'f' floating, 'i' signed, 'u' unsigned, 'b' boolean.
  int item_bytes = 8;  ///< 4 or 8 for 'f'; 1, 2, 4, 8 for 'i' and 'u'; 1 for 'b'.
  bool big_endian = false;
  bool fortran_order = false;
  std::vector<std::int64_t> shape;
  std::int64_t data_offset = 0;  ///< Bytes before the first entry.

  std::string type_name() const;   ///< "float64", "int32", "bool".
  std::string shape_text() const;  ///< "(50000, 3)".
};

/// Reads and checks the header alone: formats 1, 2 and 3, at most 64 KiB.
/// @throws DataError
NpyHeader read_npy_header(const std::filesystem::path& path);

/// An array of shape (n, d) as d x n points; shape (n,) as 1 x n. A C-ordered file is the same
/// memory as the matrix.
/// @throws DataError, also for an entry that is not finite or an integer beyond 2^53
Matrix read_npy_points(const std::filesystem::path& path);

/// A colour picture as points: one pixel after the other, row by row from the top.
struct NpyPicture {
  Index width = 0, height = 0;
  Matrix colours;  ///< 3 x (width * height): red, green and blue, from 0 to 255.
};

/// An array of shape (height, width, 3) of uint8, as image libraries hold pictures.
/// @throws DataError, also for another shape or type and for a picture without pixels
NpyPicture read_npy_picture(const std::filesystem::path& path);

/// An array of shape (n,), (n, 1) or (1, n).
/// @throws DataError
Vector read_npy_vector(const std::filesystem::path& path);

/// Writes d x n points as a C-ordered little-endian float64 array of shape (n, d).
/// @throws DataError
void write_npy_points(const std::filesystem::path& path, PointsIn points);

/// Writes a little-endian float64 array of shape (n,).
/// @throws DataError
void write_npy_vector(const std::filesystem::path& path, VectorIn values);

/// What separates the fields of a record.
enum class Delimiter { detect, comma, semicolon, tab };

constexpr std::array<std::string_view, 4> enum_names(Delimiter) {
  return {"detect", "comma", "semicolon", "tab"};
}

/// What becomes of a row with a missing entry: an empty field, or one of na, n/a, nan, null, none,
/// ?, . and -, in any case.
enum class Missing { error, drop };

constexpr std::array<std::string_view, 2> enum_names(Missing) { return {"error", "drop"}; }

/// A column by its name in the header, or by its place, from 0.
using ColumnReference = std::variant<std::string, Index>;

struct CsvOptions {
  Delimiter delimiter = Delimiter::detect;  ///< `detect` takes the commonest of the first record.
  std::optional<bool> header;            ///< Unset: a first record without any number is a header.
  std::vector<ColumnReference> columns;  ///< Empty takes all, in file order.
  Missing missing = Missing::error;

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("delimiter", self.delimiter, any_value, "what separates the fields of a record");
    field("header", self.header, any_value, "whether the first record names the columns");
    field("columns", self.columns, any_value, "names or places (from 0) of the columns to read");
    field("missing", self.missing, any_value, "what to do with a row that has a missing entry");
  }
};

struct CsvTable {
  std::vector<std::string> names;  ///< One per column read; its place where there is no header.
  Matrix values;                   ///< Columns x rows: each row of the file is a point.
  Index dropped_rows = 0;          ///< Rows left out for a missing entry.
};

/// Reads a table of numbers. Quoting per RFC 4180, decimal points, LF, CRLF or CR line ends, an
/// optional UTF-8 byte-order mark, blank lines skipped.
/// @throws DataError naming line, column, row (as a spreadsheet counts) and the column's name
CsvTable read_csv(const std::filesystem::path& path, const CsvOptions& options = {});

}  // namespace pushforward
