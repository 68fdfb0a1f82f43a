/// Numbers inside a run that are not finite, with what it takes to find them again.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "pushforward/core/rng.hpp"
#include "pushforward/core/types.hpp"

namespace pushforward::runner {

/// One sample has a coordinate that is NaN or infinite. Ends the run with E501.
class NonFinite : public std::domain_error {
 public:
  NonFinite(const std::string& what, std::string where)
      : std::domain_error(what), where_(std::move(where)) {}
  /// "sample 17 (seed 11, stream 2, chain 17, step 0)": the counter of its draws.
  const std::string& where() const { return where_; }

 private:
  std::string where_;
};

/// Coordinates of this size have squares, and sums of them, that are finite.
inline constexpr double largest_coordinate = 1e150;
inline constexpr std::string_view too_large_text =
    "coordinates must stay below 1e+150 in size: squared distances would overflow";
bool too_large(PointsIn points);

/// @param points  d x n, column i made from the draws of chain key.chain + i.
/// @param made_by  for the message: "the sampler ddim".
/// @throws NonFinite for the first column that has a coordinate that is not finite
void require_finite(PointsIn points, std::string_view made_by, const RngKey& key);

}  // namespace pushforward::runner
