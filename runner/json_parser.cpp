#include "runner/json_parser.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <unordered_map>

#include "runner/utf8.hpp"

namespace pushforward::runner {

namespace {

struct SyntaxError {
  std::string code;
  Position where;
  std::string text;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' ||
         c == '+' || c == '.';
}

class Parser {
 public:
  Parser(std::string_view text, int source, Comments comments, Findings& findings,
         const JsonLimits& limits)
      : text_(text), comments_(comments), findings_(findings), limits_(limits) {
    here_ = {.source = source, .line = 1, .column = 1};
  }

  Json document() {
    if (text_.size() > limits_.bytes) {
      throw SyntaxError{"E202", here_,
                        "the file has " + std::to_string(text_.size()) + " bytes, more than the " +
                            std::to_string(limits_.bytes) + " that a config may have"};
    }
    check_encoding();
    skip_space();
    if (at_end()) fail("the file is empty");
    Json value = parse_value("", 0);
    skip_space();
    if (!at_end()) fail("there is more after the end of the value: " + found());
    return value;
  }

 private:
  bool at_end() const { return i_ >= text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[i_]; }

  void advance() {
    const auto byte = static_cast<unsigned char>(text_[i_++]);
    if (byte == '\n') {
      ++here_.line;
      here_.column = 1;
    } else if ((byte & 0xC0) != 0x80) {  // continuation bytes belong to the character before
      ++here_.column;
    }
  }

  [[noreturn]] void fail(const std::string& text) const { fail_at(here_, text); }
  [[noreturn]] static void fail_at(Position where, const std::string& text) {
    throw SyntaxError{"E201", where, "not valid JSON: " + text};
  }

  void check_encoding() {
    if (text_.substr(0, 3) == "\xEF\xBB\xBF") {
      throw SyntaxError{"E204", here_, "the file starts with a byte-order mark; save it without"};
    }
    const auto bad = first_bad_byte(text_);
    if (!bad) return;
    std::array<char, 4> hex{};
    const auto end = std::to_chars(hex.data(), hex.data() + hex.size(), bad->byte, 16).ptr;
    throw SyntaxError{
        "E204",
        {.source = here_.source, .line = bad->line, .column = bad->column},
        "not valid UTF-8: byte 0x" + std::string(hex.data(), end) + "; save the file as UTF-8"};
  }

  void skip_space() {
    while (!at_end()) {
      const char c = peek();
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        advance();
      } else if (c == '/' || c == '#') {
        skip_comment();
      } else {
        return;
      }
    }
  }

  void skip_comment() {
    const Position start = here_;
    if (peek() == '#') fail("comments start with // or /*, and only in files named .jsonc");
    const char kind = i_ + 1 < text_.size() ? text_[i_ + 1] : '\0';
    if (kind != '/' && kind != '*') fail("unexpected \"/\"");
    if (comments_ == Comments::refused) {
      fail("comments are for files named .jsonc; here, use a \"$comment\" key");
    }
    advance();
    advance();
    if (kind == '/') {
      while (!at_end() && peek() != '\n') advance();
      return;
    }
    while (!(peek() == '*' && i_ + 1 < text_.size() && text_[i_ + 1] == '/')) {
      if (at_end()) fail_at(start, "the comment that starts here has no end");
      advance();
    }
    advance();
    advance();
  }

  /// What stands here, for a message.
  std::string found() const {
    if (at_end()) return "the end of the file";
    std::size_t end = i_;
    while (end < text_.size() && end - i_ < 20 && is_word(text_[end])) ++end;
    if (end == i_) end += utf8_length(text_.substr(i_));
    return json_string(text_.substr(i_, end - i_));
  }

  Json parse_value(const std::string& pointer, int depth) {
    const Position start = here_;
    if (++values_ > limits_.values) {
      throw SyntaxError{"E202", start,
                        "more than " + std::to_string(limits_.values) +
                            " values; put large inputs into a data file"};
    }
    const char c = peek();
    Json value;
    if (c == '{' || c == '[') {
      if (depth >= limits_.depth) {
        throw SyntaxError{"E202", start,
                          "nested deeper than " + std::to_string(limits_.depth) + " levels"};
      }
      value = c == '{' ? parse_object(pointer, depth) : parse_list(pointer, depth);
    } else if (c == '"') {
      value = Json(parse_string());
    } else if (c == '-' || is_digit(c)) {
      value = parse_number();
    } else {
      value = parse_word();
    }
    value.where = start;
    return value;
  }

  Json parse_object(const std::string& pointer, int depth) {
    Json object = Json::object();
    std::unordered_map<std::string, int> first_line;
    const Position open = here_;
    advance();
    skip_space();
    if (peek() == '}') {
      advance();
      return object;
    }
    while (true) {
      const Position where = here_;
      if (peek() == '\'') fail("keys and strings stand in double quotes, not single ones");
      if (at_end())
        fail("the object that starts on line " + std::to_string(open.line) + " has no end");
      if (peek() != '"') fail("expected a key in double quotes, found " + found());
      std::string key = parse_string();
      skip_space();
      if (peek() != ':')
        fail("expected \":\" after the key " + json_string(key) + ", found " + found());
      advance();
      skip_space();
      const std::string inner = pointer_to(pointer, key);
      Json value = parse_value(inner, depth + 1);
      const auto [known, is_new] = first_line.try_emplace(key, where.line);
      if (is_new) {
        object.members().push_back({std::move(key), std::move(value), where});
      } else {
        findings_.add({.code = "E203",
                       .pointer = inner,
                       .text = "the key " + json_string(key) +
                               " is given twice in this object (first on line " +
                               std::to_string(known->second) + ")",
                       .where = where});
      }
      if (!more_follows('}', open)) return object;
    }
  }

  Json parse_list(const std::string& pointer, int depth) {
    Json list = Json::list();
    const Position open = here_;
    advance();
    skip_space();
    if (peek() == ']') {
      advance();
      return list;
    }
    while (true) {
      if (at_end())
        fail("the list that starts on line " + std::to_string(open.line) + " has no end");
      list.push(parse_value(pointer_to(pointer, std::to_string(list.items().size())), depth + 1));
      if (!more_follows(']', open)) return list;
    }
  }

  /// After an element: true behind a comma, false behind the closing bracket.
  bool more_follows(char close, Position open) {
    const int value_line = here_.line;
    skip_space();
    const std::string bracket = json_string(std::string_view(&close, 1));
    if (peek() == close) {
      advance();
      return false;
    }
    if (at_end()) {
      fail(std::string(close == '}' ? "the object" : "the list") + " that starts on line " +
           std::to_string(open.line) + " has no end");
    }
    if (peek() != ',') {
      fail("expected \",\" or " + bracket + " after the value on line " +
           std::to_string(value_line) + ", found " + found());
    }
    const int comma_line = here_.line;
    advance();
    skip_space();
    if (peek() == close) {
      fail("a comma before " + bracket + " on line " + std::to_string(comma_line) +
           " (JSON has no trailing commas)");
    }
    if (peek() == ',') fail("two commas with no value between them");
    return true;
  }

  std::string parse_string() {
    const Position start = here_;
    advance();
    std::string out;
    while (true) {
      if (at_end()) fail_at(start, "the string that starts here has no closing quote");
      const char c = peek();
      if (c == '"') break;
      if (static_cast<unsigned char>(c) < 0x20) {
        if (c == '\n' || c == '\r')
          fail_at(start, "the string that starts here has no closing quote on its line");
        fail("a control character inside a string; write it as an escape such as \\t");
      }
      if (c == '\\') {
        parse_escape(out);
      } else {
        out += c;
        advance();
      }
      if (out.size() > limits_.string_bytes) {
        throw SyntaxError{
            "E202", start,
            "a string of more than " + std::to_string(limits_.string_bytes) + " bytes"};
      }
    }
    advance();
    return out;
  }

  void parse_escape(std::string& out) {
    const Position start = here_;
    advance();
    const char c = peek();
    constexpr std::string_view from = "\"\\/bfnrt";
    constexpr std::string_view to = "\"\\/\b\f\n\r\t";
    if (const auto k = at_end() ? from.npos : from.find(c); k != from.npos) {
      out += to[k];
      advance();
      return;
    }
    if (c != 'u') {
      fail_at(start, "an unknown escape in a string; a backslash itself is written \\\\");
    }
    advance();
    unsigned code = parse_hex(start);
    if (code >= 0xD800 && code < 0xDC00) {  // the first half of a pair
      const unsigned low = peek() == '\\' && text_.substr(i_, 2) == "\\u"
                               ? (advance(), advance(), parse_hex(start))
                               : 0;
      if (low < 0xDC00 || low > 0xDFFF) fail_at(start, "half a surrogate pair");
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code >= 0xDC00 && code <= 0xDFFF) {
      fail_at(start, "half a surrogate pair");
    }
    append_utf8(out, code);
  }

  unsigned parse_hex(Position start) {
    unsigned code = 0;
    const std::string_view digits = text_.substr(i_, 4);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (digits.size() < 4 || error != std::errc{} || end != digits.data() + 4) {
      fail_at(start, "\\u needs four hexadecimal digits");
    }
    for (int k = 0; k < 4; ++k) advance();
    return code;
  }

  Json parse_number() {
    const Position start = here_;
    const std::size_t begin = i_;
    const auto digits = [&](const char* where) {
      if (!is_digit(peek())) fail_at(start, "a number needs digits " + std::string(where));
      while (is_digit(peek())) advance();
    };
    if (peek() == '-') advance();
    if (peek() == 'I' || peek() == 'i') parse_word();
    if (peek() == '0') {
      advance();
      if (is_digit(peek())) fail_at(start, "a number with a leading zero");
      if (peek() == 'x' || peek() == 'X') {
        fail_at(start, "hexadecimal numbers are written as strings, for instance \"0x1F\"");
      }
    } else {
      digits("after the sign");
    }
    if (peek() == '.') {
      advance();
      digits("after the decimal point");
    }
    if (peek() == 'e' || peek() == 'E') {
      advance();
      if (peek() == '+' || peek() == '-') advance();
      digits("in the exponent");
    }
    if (is_word(peek())) fail_at(start, "a number that goes on as " + found());
    const std::string_view token = text_.substr(begin, i_ - begin);
    double value = 0.0;
    const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value);
    if (error == std::errc::result_out_of_range) {
      // Also reported for tiny numbers, which are zero to a double.
      const bool tiny =
          token.find("e-") != token.npos || token.find("E-") != token.npos ||
          (token.find('e') == token.npos && token.find('E') == token.npos && token.find('.') < 4);
      if (!tiny) fail_at(start, "a number beyond the range of a double");
      value = 0.0;
    }
    return Json(value);
  }

  Json parse_word() {
    const Position start = here_;
    const std::size_t begin = i_;
    while (!at_end() && is_word(peek())) advance();
    const std::string_view word = text_.substr(begin, i_ - begin);
    if (word == "true") return Json(true);
    if (word == "false") return Json(false);
    if (word == "null") return Json();
    here_ = start;
    i_ = begin;
    if (word == "True" || word == "False" || word == "TRUE" || word == "FALSE") {
      fail("true and false are written in small letters, found " + found());
    }
    if (word == "None" || word == "nil" || word == "NULL" || word == "undefined") {
      fail("no value is written null, found " + found());
    }
    if (word == "NaN" || word == "nan" || word == "Infinity" || word == "inf" || word == "-inf" ||
        word == "-Infinity" || word == "Inf") {
      fail("NaN and infinity are not JSON; where a key may be infinite, write \"inf\"");
    }
    if (peek() == '\'') fail("keys and strings stand in double quotes, not single ones");
    if (peek() == ',' || peek() == '}' || peek() == ']' || peek() == ':') {
      fail("a value is missing before " + found());
    }
    if (peek() == '+' || peek() == '.') fail("a number starts with a digit or a minus sign");
    if (word.empty()) fail("expected a value, found " + found());
    fail("expected a value, found " + found() + "; strings stand in double quotes");
  }

  std::string_view text_;
  Comments comments_;
  Findings& findings_;
  const JsonLimits& limits_;
  std::size_t i_ = 0;
  std::size_t values_ = 0;
  Position here_;
};

}  // namespace

std::optional<Json> parse_json(std::string_view text, int source, Comments comments,
                               Findings& findings, const JsonLimits& limits) {
  try {
    return Parser(text, source, comments, findings, limits).document();
  } catch (const SyntaxError& error) {
    findings.add({.code = error.code, .pointer = {}, .text = error.text, .where = error.where});
    return std::nullopt;
  }
}

}  // namespace pushforward::runner
