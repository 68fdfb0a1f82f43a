/// Figures and tables to and from JSON, so that a report is rebuilt without computing again.
#pragma once

#include <nlohmann/json.hpp>

#include "runner/figure.hpp"

namespace pushforward::runner {

/// NaN is written as null, infinities as "inf" and "-inf".
nlohmann::ordered_json to_json(const Figure& figure);
nlohmann::ordered_json to_json(const Table& table);
nlohmann::ordered_json to_json(const Measured& measured);

/// @throws std::invalid_argument naming the key that is missing or has the wrong type; the figure
/// that comes back is valid.
Figure figure_from_json(const nlohmann::ordered_json& json);
Table table_from_json(const nlohmann::ordered_json& json);
Measured measured_from_json(const nlohmann::ordered_json& json);

}  // namespace pushforward::runner
