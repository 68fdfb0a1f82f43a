/// Errors that name the argument, its value and what was expected.
#pragma once

#include <concepts>
#include <stdexcept>
#include <string>
#include <string_view>

namespace pushforward {

/// The environment lacks what was asked for: a device, an instruction set.
class BackendUnavailable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

namespace detail {

std::string quoted(std::string_view text);
std::string shortest(double value);  ///< Shortest decimal that reads back to the same double.

template <class T>
std::string shown(const T& value) {
  if constexpr (std::same_as<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::integral<T>) {
    return std::to_string(value);
  } else if constexpr (std::floating_point<T>) {
    return shortest(static_cast<double>(value));
  } else {
    return detail::quoted(value);  // not std::quoted, found by argument with <iomanip>
  }
}

[[noreturn]] void throw_invalid(std::string_view where, std::string_view argument,
                                const std::string& value, std::string_view expected);

}  // namespace detail

/// @throws std::invalid_argument "where: argument is value, expected expected" unless `ok`.
template <class T>
void require(bool ok, std::string_view where, std::string_view argument, const T& value,
             std::string_view expected) {
  if (!ok) detail::throw_invalid(where, argument, detail::shown(value), expected);
}

}  // namespace pushforward
