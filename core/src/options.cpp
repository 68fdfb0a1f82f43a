#include "pushforward/core/options.hpp"

namespace pushforward {

std::string Bound::text() const {
  const bool has_low = low > -std::numeric_limits<double>::infinity();
  const bool has_high = high < std::numeric_limits<double>::infinity();
  std::string text;
  if (has_low && has_high) {
    text = (low_open || high_open ? "strictly between " : "between ") + detail::shortest(low) +
           " and " + detail::shortest(high);
  } else if (has_low) {
    text = (low_open ? "greater than " : "at least ") + detail::shortest(low);
  } else if (has_high) {
    text = (high_open ? "less than " : "at most ") + detail::shortest(high);
  } else {
    text = infinite_allowed ? "a number" : "a finite number";
  }
  return text;
}

}  // namespace pushforward
