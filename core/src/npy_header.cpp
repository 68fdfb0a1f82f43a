#include "core/src/npy_header.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "pushforward/core/errors.hpp"
#include "pushforward/core/point_io.hpp"

#include "core/src/data_file.hpp"

namespace pushforward {
namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::uint64_t header_limit = 64 * 1024;
constexpr std::size_t dimension_limit = 32;

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& why) {
  throw DataError(DataFault::malformed, path, why);
}

// Printable ASCII of untrusted bytes, cut at 60.
std::string shown_bytes(std::string_view bytes) {
  std::string text;
  for (const char c : bytes.substr(0, 60)) {
    text += std::isprint(static_cast<unsigned char>(c)) != 0 ? c : '?';
  }
  return detail::quoted(bytes.size() > 60 ? text + "..." : text);
}

// The header is a Python dictionary literal with three known keys. This reads that and nothing
// else: there is no recursion, so nesting cannot exhaust the stack.
class DictionaryReader {
 public:
  DictionaryReader(const std::filesystem::path& path, std::string_view text)
      : path_(path), text_(text) {}

  NpyHeader read() {
    NpyHeader header;
    std::optional<std::string> type;
    std::optional<bool> fortran_order;
    bool has_shape = false;
    expect('{');
    while (!accept('}')) {
      const std::string key = string();
      expect(':');
      if (key == "descr" && !type) {
        type = type_string();
      } else if (key == "fortran_order" && !fortran_order) {
        fortran_order = boolean();
      } else if (key == "shape" && !has_shape) {
        header.shape = shape();
        has_shape = true;
      } else {
        damaged("the key " + shown_bytes(key) + " is unknown or given twice");
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    if (at_ != text_.size()) damaged("text follows the closing brace");
    if (!type) damaged("\"descr\" is missing");
    if (!fortran_order) damaged("\"fortran_order\" is missing");
    if (!has_shape) damaged("\"shape\" is missing");
    header.fortran_order = *fortran_order;
    set_type(*type, header);
    return header;
  }

 private:
  [[noreturn]] void damaged(const std::string& why) const {
    fail(path_, "damaged npy header: " + why);
  }

  void skip_space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r')) {
      ++at_;
    }
  }

  bool accept(char c) {
    skip_space();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  void expect(char c) {
    if (!accept(c)) {
      damaged(std::string("expected '") + c + "' at " + shown_bytes(text_.substr(at_)));
    }
  }

  std::string string() {
    const char quote = accept('\'') ? '\'' : '"';
    if (quote == '"') expect('"');
    const std::size_t end = text_.find(quote, at_);
    if (end == std::string_view::npos) damaged("a string is not closed");
    const std::string value(text_.substr(at_, end - at_));
    at_ = end + 1;
    return value;
  }

  bool boolean() {
    skip_space();
    for (const bool value : {false, true}) {
      const std::string_view word = value ? "True" : "False";
      if (text_.substr(at_, word.size()) == word) {
        at_ += word.size();
        return value;
      }
    }
    damaged("\"fortran_order\" is " + shown_bytes(text_.substr(at_)) + ", expected True or False");
  }

  std::string type_string() {
    skip_space();
    if (at_ < text_.size() && text_[at_] == '[') {
      fail(path_, "a structured array is refused; save each field as its own array of numbers");
    }
    return string();
  }

  std::int64_t dimension() {
    skip_space();
    if (at_ < text_.size() && text_[at_] == '-') damaged("the shape has a negative entry");
    const std::size_t begin = at_;
    std::int64_t value = 0;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      const std::int64_t digit = text_[at_] - '0';
      if (value > (std::numeric_limits<std::int64_t>::max() - digit) / 10) {
        damaged("the shape has an entry beyond 2^63");
      }
      value = 10 * value + digit;
    }
    if (at_ == begin) {
      damaged("expected a whole number in the shape at " + shown_bytes(text_.substr(at_)));
    }
    if (at_ < text_.size() && text_[at_] == 'L') ++at_;  // Python 2 wrote long integers so
    return value;
  }

  std::vector<std::int64_t> shape() {
    std::vector<std::int64_t> dimensions;
    expect('(');
    while (!accept(')')) {
      if (dimensions.size() == dimension_limit) damaged("the shape has more than 32 entries");
      dimensions.push_back(dimension());
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return dimensions;
  }

  void set_type(const std::string& type, NpyHeader& header) const {
    if (type.find('O') != std::string::npos) {
      fail(path_, "an object array is refused: it holds pickled Python, not numbers");
    }
    static constexpr std::array<std::string_view, 11> accepted{"b1", "i1", "i2", "i4", "i8", "u1",
                                                               "u2", "u4", "u8", "f4", "f8"};
    const std::string_view order = std::string_view(type).substr(0, 1);
    const std::string_view item = std::string_view(type).substr(order.size());
    const bool known_order =
        !order.empty() && std::string_view("<>|=").find(order[0]) != std::string_view::npos;
    if (!known_order || std::find(accepted.begin(), accepted.end(), item) == accepted.end()) {
      fail(path_, "entries of type " + shown_bytes(type) +
                      " are not read; accepted are float32, float64, bool and integers of 8 to 64 "
                      "bits");
    }
    header.kind = item[0];
    header.item_bytes = item[1] - '0';
    header.big_endian = order[0] == '>';
  }

  const std::filesystem::path& path_;
  std::string_view text_;
  std::size_t at_ = 0;
};

std::uint64_t read_little_endian(const std::string& bytes, std::size_t at, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = count; i-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  }
  return value;
}

std::string read_bytes(detail::DataFile& file, const std::filesystem::path& path,
                       std::uint64_t count) {
  std::string bytes(static_cast<std::size_t>(count), '\0');
  file.stream.read(bytes.data(), static_cast<std::streamsize>(count));
  if (static_cast<std::uint64_t>(file.stream.gcount()) != count) {
    throw DataError(DataFault::wrong_size, path, "the npy header is cut short");
  }
  return bytes;
}

// The number of data bytes that the header promises, or nothing beyond 2^63.
std::optional<std::uint64_t> promised_bytes(const NpyHeader& header) {
  if (std::find(header.shape.begin(), header.shape.end(), 0) != header.shape.end()) return 0;
  auto bytes = static_cast<std::uint64_t>(header.item_bytes);
  constexpr auto limit = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  for (const std::int64_t size : header.shape) {
    const auto factor = static_cast<std::uint64_t>(size);
    if (bytes > limit / factor) return std::nullopt;
    bytes *= factor;
  }
  return bytes;
}

void check_size(const std::filesystem::path& path, const NpyHeader& header,
                std::uint64_t file_size) {
  const auto promised = promised_bytes(header);
  const std::string says = "header says shape " + header.shape_text() + " of " + header.type_name();
  if (!promised) {
    throw DataError(DataFault::wrong_size, path, says + ", more than any file can hold");
  }
  const std::uint64_t found = file_size - static_cast<std::uint64_t>(header.data_offset);
  if (found == *promised) return;
  throw DataError(DataFault::wrong_size, path,
                  says + ", that is " + std::to_string(*promised) + " bytes; the file has " +
                      std::to_string(found) + ": it is " +
                      (found < *promised ? "cut short or damaged" : "too long or damaged"));
}

}  // namespace

std::string NpyHeader::type_name() const {
  if (kind == 'b') return "bool";
  const std::string_view family = kind == 'f' ? "float" : kind == 'i' ? "int" : "uint";
  return std::string(family) + std::to_string(8 * item_bytes);
}

std::string NpyHeader::shape_text() const {
  std::string text = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
  }
  return text + (shape.size() == 1 ? ",)" : ")");
}

namespace detail {

NpyHeader read_npy_header(DataFile& file, const std::filesystem::path& path) {
  if (file.size == 0) fail(path, "the file is empty");
  const std::string start = read_bytes(file, path, std::min<std::uint64_t>(file.size, 8));
  if (start.substr(0, magic.size()) != magic.substr(0, start.size())) {
    fail(path, "not an npy file: it does not start with \\x93NUMPY");
  }
  if (start.size() < 8) throw DataError(DataFault::wrong_size, path, "the npy header is cut short");
  const int version = static_cast<unsigned char>(start[6]);
  if (version < 1 || version > 3 || start[7] != 0) {
    fail(path, "npy format " + std::to_string(version) + "." +
                   std::to_string(static_cast<unsigned char>(start[7])) +
                   " is not known; 1.0, 2.0 and 3.0 are");
  }
  const std::size_t width = version == 1 ? 2 : 4;
  const std::uint64_t length = read_little_endian(read_bytes(file, path, width), 0, width);
  if (length > header_limit) {
    fail(path, "the npy header claims " + std::to_string(length) + " bytes, above the limit of " +
                   std::to_string(header_limit));
  }
  const std::string text = read_bytes(file, path, length);
  NpyHeader header = DictionaryReader(path, text).read();
  header.data_offset = static_cast<std::int64_t>(8 + width + length);
  check_size(path, header, file.size);
  return header;
}

}  // namespace detail

NpyHeader read_npy_header(const std::filesystem::path& path) {
  detail::DataFile file = detail::open_data_file(path);
  return detail::read_npy_header(file, path);
}

}  // namespace pushforward
