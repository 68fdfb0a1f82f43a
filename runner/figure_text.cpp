#include "runner/figure_text.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "runner/utf8.hpp"

namespace pushforward::runner {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";   // U+FFFD
constexpr std::string_view minus = "\xE2\x88\x92";         // U+2212
constexpr std::string_view times = " \xC3\x97 10";         // " x 10" with a multiplication sign
constexpr std::string_view narrow_space = "\xE2\x80\xAF";  // U+202F, between groups of three digits

std::string fixed(double value, int decimals) {
  std::array<char, 400> buffer;  // 1.8e308 has 309 digits before the point
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 std::chars_format::fixed, decimals)
                       .ptr;
  return {buffer.data(), end};
}

void cut_trailing_zeros(std::string& digits) {
  if (digits.find('.') == std::string::npos) return;
  digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.back() == '.') digits.pop_back();
}

std::string superscript(int exponent) {
  static constexpr std::array<std::string_view, 10> digits = {
      "\xE2\x81\xB0", "\xC2\xB9",     "\xC2\xB2",     "\xC2\xB3",     "\xE2\x81\xB4",
      "\xE2\x81\xB5", "\xE2\x81\xB6", "\xE2\x81\xB7", "\xE2\x81\xB8", "\xE2\x81\xB9"};
  std::string text;
  for (const char c : std::to_string(exponent)) {
    text += c == '-' ? std::string_view("\xE2\x81\xBB") : digits[static_cast<std::size_t>(c - '0')];
  }
  return text;
}

/// Real minus sign, and thin spaces in numbers of five and more digits before the point.
std::string typeset(std::string_view digits) {
  std::string text;
  if (digits.starts_with('-')) {
    digits.remove_prefix(1);
    if (digits.find_first_not_of("0.") != std::string_view::npos) text += minus;
  }
  const auto whole = std::min(digits.find('.'), digits.size());
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (whole >= 5 && i > 0 && i < whole && (whole - i) % 3 == 0) text += narrow_space;
    text += digits[i];
  }
  return text;
}

/// The decimal exponent of |x| once rounded to `digits` significant digits.
int exponent_of(double x, int digits) {
  std::array<char, 64> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::abs(x),
                                 std::chars_format::scientific, digits - 1)
                       .ptr;
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  const auto e = text.find('e');
  int exponent = 0;
  std::from_chars(buffer.data() + e + (text[e + 1] == '+' ? 2 : 1), end, exponent);
  return exponent;
}

bool reads_as_fixed(int exponent) { return exponent >= -3 && exponent < 6; }

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(text.substr(i));
    if (length == 0) {
      out += replacement;
      ++i;
      continue;
    }
    const char c = text[i];
    const auto sequence = text.substr(i, length);
    const bool forbidden =
        (length == 1 && static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') ||
        c == 0x7F || sequence == "\xEF\xBF\xBE" || sequence == "\xEF\xBF\xBF";
    if (forbidden) {
      out += replacement;
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else if (c == '\'') {
      out += "&#39;";
    } else {
      out += sequence;
    }
    i += length;
  }
  return out;
}

std::string number_text(double value, int digits) {
  if (std::isnan(value)) return "\xE2\x80\x93";
  if (std::isinf(value)) return (value < 0 ? std::string(minus) : "") + "\xE2\x88\x9E";
  if (value == 0.0) return "0";
  const int exponent = exponent_of(value, digits);
  if (reads_as_fixed(exponent)) {
    auto text = fixed(value, std::max(0, digits - 1 - exponent));
    cut_trailing_zeros(text);
    return typeset(text);
  }
  std::array<char, 64> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 std::chars_format::scientific, digits - 1)
                       .ptr;
  std::string mantissa(buffer.data(), end);
  mantissa.erase(mantissa.find('e'));
  cut_trailing_zeros(mantissa);
  if (mantissa == "1") return "10" + superscript(exponent);
  if (mantissa == "-1") return std::string(minus) + "10" + superscript(exponent);
  return typeset(mantissa) + std::string(times) + superscript(exponent);
}

std::string measured_text(const Measured& measured) {
  const auto [value, error] = measured;
  if (!std::isfinite(value) || !std::isfinite(error) || error <= 0.0) return number_text(value);
  const int error_exponent = exponent_of(error, 2);
  const int exponent =
      value == 0.0 ? error_exponent : std::max(exponent_of(value, 3), error_exponent);
  if (reads_as_fixed(exponent) && error_exponent >= -8) {
    const int decimals = std::max(0, 1 - error_exponent);
    return typeset(fixed(value, decimals)) + " \xC2\xB1 " + typeset(fixed(error, decimals));
  }
  // Dividing by an exact power of ten where there is one keeps the digits; beyond 1e22 the last
  // digit shown may differ by one, far inside the error beside it.
  const double unit = std::pow(10.0, exponent);
  const int decimals = std::max(0, std::min(8, 1 - error_exponent + exponent));
  return "(" + typeset(fixed(value / unit, decimals)) + " \xC2\xB1 " +
         typeset(fixed(error / unit, decimals)) + ")" + std::string(times) + superscript(exponent);
}

std::string bytes_text(std::size_t bytes) {
  const auto size = static_cast<double>(bytes);
  if (size < 1024.0) return std::to_string(bytes) + " B";
  if (size < 1024.0 * 1024.0) return number_text(size / 1024.0, 3) + " KiB";
  return number_text(size / (1024.0 * 1024.0), 3) + " MiB";
}

std::string coordinate(double value, int decimals) {
  auto text = fixed(std::isfinite(value) ? value : 0.0, decimals);
  cut_trailing_zeros(text);
  return text == "-0" ? "0" : text;
}

std::size_t text_length(std::string_view text) {
  std::size_t length = 0;
  for (const char c : text) length += (static_cast<unsigned char>(c) & 0xC0u) != 0x80u;
  return length;
}

double text_width(std::string_view text, double font_size) {
  // Advance widths by class of letter, between Helvetica and the wider DejaVu Sans.
  double width = 0.0;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xC0u) == 0x80u) continue;
    constexpr std::string_view thin = "ijl.,:;'|!I()[]/ ft-";
    constexpr std::string_view wide = "mwMW%@";
    if (thin.find(c) != std::string_view::npos) {
      width += 0.34;
    } else if (wide.find(c) != std::string_view::npos) {
      width += 0.90;
    } else if (c >= 'A' && c <= 'Z') {
      width += 0.71;
    } else {
      width += 0.605;
    }
  }
  return width * font_size;
}

}  // namespace pushforward::runner
