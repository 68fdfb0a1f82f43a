/// Longer steps for methods that improve two blocks by turns.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace pushforward::ot::detail {

/// The relaxation that makes errors shrink by omega - 1 an iteration where plain steps shrink them
/// by q: successive over-relaxation of a matrix of two blocks.
inline double best_omega(double q) { return 2.0 / (1.0 + std::sqrt(std::max(0.0, 1.0 - q))); }

/// The rate q of plain steps behind a rate rho observed under omega, below the best omega.
inline double plain_rate(double rho, double omega) {
  const double root = rho + omega - 1.0;
  return root * root / (omega * omega * rho);
}

/// Chooses omega from the errors that are observed, one a sweep. It begins with plain steps and
/// returns to them, with a lower cap, where an error grows tenfold.
class Relaxation {
 public:
  double omega() const { return omega_; }

  void observe(double error) {
    errors_.push_back(error);
    const auto count = errors_.size();
    if (omega_ > 1.0 && !(error <= 10.0 * errors_.front())) {
      cap_ = 0.5 * (1.0 + omega_);
      restart(1.0);
    } else if (omega_ == 1.0 && count >= plain_sweeps) {
      const double q = rate(count - 1), before = rate(count - 2);
      if (q < 1.0 && std::abs(q - before) <= 0.01) restart(std::min(cap_, best_omega(q)));
    } else if (omega_ > 1.0 && count >= judged_sweeps) {
      // Slower than omega - 1: the plain rate was worse than it looked among the transients.
      const double rho = std::pow(error / errors_[count - 1 - 2 * span], 0.5 / double(span));
      const double wanted = rho < 1.0 && rho > omega_ - 1.0
                                ? std::min(cap_, best_omega(plain_rate(rho, omega_)))
                                : 0.0;
      restart(std::max(omega_, wanted));
    }
  }

 private:
  static constexpr std::size_t span = 10, plain_sweeps = 20, judged_sweeps = 30;

  double rate(std::size_t last) const {
    return std::pow(errors_[last] / errors_[last - span], 1.0 / double(span));
  }
  void restart(double omega) {
    omega_ = omega;
    errors_.clear();
  }

  double omega_ = 1.0, cap_ = 1.98;
  std::vector<double> errors_;  // since omega was chosen
};

}  // namespace pushforward::ot::detail
