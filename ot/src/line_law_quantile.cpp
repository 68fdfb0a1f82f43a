// Laws known by their quantile function alone.
#include <algorithm>
#include <cmath>
#include <utility>

#include <boost/math/quadrature/gauss.hpp>

#include "pushforward/core/errors.hpp"
#include "pushforward/ot/line_law.hpp"

namespace pushforward::ot {
namespace {

constexpr double least = 0x1p-1000;
constexpr double greatest = 1.0 - 0x1p-53;

class Quantiles final : public LineLaw {
 public:
  explicit Quantiles(std::function<double(double)> quantile)
      : quantile_(std::move(quantile)), origin_(quantile_(0.5)) {}

  double origin() const override { return origin_; }

  double quantile(const MassSplit& split) const override {
    const double mass = split.below <= split.above ? split.below : 1.0 - split.above;
    return place(mass);
  }

  MassSplit split(double x) const override {
    double low = 0.0, high = 1.0;
    for (int step = 0; step < 60; ++step) {
      const double middle = 0.5 * (low + high);
      (place(middle) < x ? low : high) = middle;
    }
    if (low == 0.0) high = 0.0;
    if (high == 1.0) low = 1.0;
    const double below = 0.5 * (low + high);
    return {below, 1.0 - below};
  }

  LineMoments moments(double low, double high, double centre) const override {
    const double from = split(low).below, to = split(high).below;
    if (!(from < to)) return {};
    const LineMoments whole = panel(from, to, centre);
    LineMoments sum;
    refine(from, to, whole, centre, whole.second, 0, sum);
    sum.mass = to - from;
    return sum;
  }

 private:
  double place(double mass) const { return quantile_(std::clamp(mass, least, greatest)) - origin_; }

  LineMoments panel(double from, double to, double centre) const {
    using Rule = boost::math::quadrature::gauss<double, 10>;
    const double half = 0.5 * (to - from);
    LineMoments sum;
    for (std::size_t i = 0; i < Rule::abscissa().size(); ++i) {
      const double inset = half * (1.0 - Rule::abscissa()[i]);
      for (const double t : {from + inset, to - inset}) {
        const double arm = place(t) - centre;
        sum.first += Rule::weights()[i] * half * arm;
        sum.second += Rule::weights()[i] * half * arm * arm;
      }
    }
    return sum;
  }

  // Halves a panel until its halves agree with it: quantiles may jump, and be infinite at the ends.
  void refine(double from, double to, const LineMoments& whole, double centre, double scale,
              int depth, LineMoments& sum) const {
    const double middle = 0.5 * (from + to);
    const LineMoments left = panel(from, middle, centre), right = panel(middle, to, centre);
    const double gap = std::abs(left.second + right.second - whole.second);
    if (gap <= 1e-14 * scale || depth == 50) {
      sum.first += left.first + right.first;
      sum.second += left.second + right.second;
      return;
    }
    const double larger = std::max(scale, left.second + right.second);
    refine(from, middle, left, centre, larger, depth + 1, sum);
    refine(middle, to, right, centre, larger, depth + 1, sum);
  }

  std::function<double(double)> quantile_;
  double origin_;
};

}  // namespace

LineLawPtr quantile_line_law(std::function<double(double)> quantile) {
  constexpr const char* here = "quantile_line_law";
  require(static_cast<bool>(quantile), here, "quantile", std::string("empty"), "a function");
  double last = -std::numeric_limits<double>::infinity();
  for (const double t : {least, 0.25, 0.5, 0.75, greatest}) {
    const double x = quantile(t);
    require(std::isfinite(x) && x >= last, here,
            "quantile(" + pushforward::detail::shortest(t) + ")", x,
            "finite and no less than before");
    last = x;
  }
  return std::make_shared<Quantiles>(std::move(quantile));
}

}  // namespace pushforward::ot
