/// Solver states as bundles: a struct with a field list is stored and restored field by field.
#pragma once

#include <string>
#include <type_traits>

#include "pushforward/core/options.hpp"

#include "runner/context.hpp"

namespace pushforward::runner {

/// Every field of `state`: matrices, vectors, index vectors, integers, doubles and strings.
template <Described T>
Bundle bundle_of(const T& state) {
  Bundle bundle;
  T::describe(state, [&](std::string_view field, const auto& value, const auto&, std::string_view) {
    using V = std::remove_cvref_t<decltype(value)>;
    const std::string key(field);
    if constexpr (std::is_same_v<V, IndexVector>) {
      // Indices stay far below 2^53, where doubles are exact.
      bundle.arrays[key] = value.template cast<double>();
    } else if constexpr (std::is_same_v<V, Vector> || std::is_same_v<V, Matrix>) {
      bundle.arrays[key] = value;
    } else if constexpr (std::is_same_v<V, double>) {
      bundle.numbers[key] = value;
    } else if constexpr (std::is_same_v<V, std::string>) {
      bundle.texts[key] = value;
    } else {
      static_assert(std::is_integral_v<V>, "a field that a bundle cannot hold");
      bundle.counts[key] = static_cast<std::int64_t>(value);
    }
  });
  return bundle;
}

/// The state that `bundle_of` stored, bit by bit.
/// @throws std::out_of_range if a field is missing
template <Described T>
T from_bundle(const Bundle& bundle) {
  T state{};
  T::describe(state, [&](std::string_view field, auto& value, const auto&, std::string_view) {
    using V = std::remove_cvref_t<decltype(value)>;
    const std::string key(field);
    if constexpr (std::is_same_v<V, IndexVector>) {
      value = bundle.arrays.at(key).col(0).template cast<Index>();
    } else if constexpr (std::is_same_v<V, Vector>) {
      value = bundle.arrays.at(key).col(0);
    } else if constexpr (std::is_same_v<V, Matrix>) {
      value = bundle.arrays.at(key);
    } else if constexpr (std::is_same_v<V, double>) {
      value = bundle.numbers.at(key);
    } else if constexpr (std::is_same_v<V, std::string>) {
      value = bundle.texts.at(key);
    } else {
      value = static_cast<V>(bundle.counts.at(key));
    }
  });
  return state;
}

}  // namespace pushforward::runner
