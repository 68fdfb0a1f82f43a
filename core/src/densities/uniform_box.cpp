#include "pushforward/core/densities/uniform_box.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "pushforward/core/errors.hpp"

namespace pushforward {

UniformBox::UniformBox(VectorIn lower, VectorIn upper) : lower_(lower), upper_(upper) {
  require(lower_.size() >= 1, "UniformBox", "lower.size()", lower_.size(), "at least 1");
  require(upper_.size() == lower_.size(), "UniformBox", "upper.size()", upper_.size(),
          std::to_string(lower_.size()) + ", as lower has");
  for (Index k = 0; k < dim(); ++k) {
    const std::string at = std::string("[").append(std::to_string(k)).append("]");
    require(std::isfinite(lower_[k]), "UniformBox", "lower" + at, lower_[k], "a finite number");
    require(
        std::isfinite(upper_[k]) && upper_[k] > lower_[k] && std::isfinite(upper_[k] - lower_[k]),
        "UniformBox", "upper" + at, upper_[k],
        "a finite number above lower" + at + " = " + detail::shown(lower_[k]));
  }
}

UniformBox UniformBox::unit(Index dim) {
  require(dim >= 1, "UniformBox", "dim", dim, "at least 1");
  return {Vector::Zero(dim), Vector::Ones(dim)};
}

Vector UniformBox::mean() const { return 0.5 * lower_ + 0.5 * upper_; }

Matrix UniformBox::covariance() const {
  return ((upper_ - lower_).array().square() / 12.0).matrix().asDiagonal();
}

void UniformBox::log_density(PointsIn x, VectorOut log_p) const {
  const double inside = -(upper_ - lower_).array().log().sum();
  for (Index i = 0; i < x.cols(); ++i) {
    const auto point = x.col(i).array();
    const bool in_box = (point >= lower_.array() && point <= upper_.array()).all();
    log_p[i] = in_box ? inside : -std::numeric_limits<double>::infinity();
  }
}

void UniformBox::draw(const RngKey& key, PointsOut x) const {
  fill_uniform(key, x);
  for (Index i = 0; i < x.cols(); ++i) {
    // Rounding may carry lower + u (upper - lower) past the upper side.
    x.col(i) = (lower_.array() + x.col(i).array() * (upper_ - lower_).array()).min(upper_.array());
  }
}

}  // namespace pushforward
