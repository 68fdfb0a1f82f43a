#include "pushforward/core/errors.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace pushforward::detail {

std::string quoted(std::string_view text) { return '"' + std::string(text) + '"'; }

std::string shortest(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  std::array<char, 32> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  return {buffer.data(), end};
}

void throw_invalid(std::string_view where, std::string_view argument, const std::string& value,
                   std::string_view expected) {
  throw std::invalid_argument(std::string(where) + ": " + std::string(argument) + " is " + value +
                              ", expected " + std::string(expected));
}

}  // namespace pushforward::detail
