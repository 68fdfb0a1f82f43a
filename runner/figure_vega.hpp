/// Figures as Vega-Lite, for those who want the plotted numbers or another look.
#pragma once

#include <nlohmann/json.hpp>

#include "runner/figure.hpp"

namespace pushforward::runner {

/// A Vega-Lite 5 specification with the plotted numbers inline. Values that are not finite are
/// null. Error bars carry their ends (two standard errors each way) as fields `low` and `high`.
nlohmann::ordered_json vega_lite(const Figure& figure);

}  // namespace pushforward::runner
