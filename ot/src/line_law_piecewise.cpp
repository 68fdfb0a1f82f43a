// Piecewise polynomial densities on the line: uniform laws and histograms are degree 0.
#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include <boost/math/quadrature/gauss.hpp>

#include "pushforward/core/errors.hpp"
#include "pushforward/ot/line_law.hpp"

#include "ot/src/compensated_sum.hpp"

namespace pushforward::ot {
namespace {

constexpr Index max_degree = 6;
// Exact to degree 9, which covers densities times (x - c)^2.
using Rule = boost::math::quadrature::gauss<double, 5>;

using Coefficients = std::array<double, max_degree + 1>;

double value_at(const Coefficients& c, double s) {
  double value = 0.0;
  for (Index k = max_degree; k >= 0; --k) value = value * s + c[static_cast<std::size_t>(k)];
  return value;
}

// Whether a polynomial stays above `floor` on [-1, 1], by the convex hull of its Bernstein form.
bool stays_above(const Coefficients& power_form, double floor) {
  // Bernstein coefficients on [-1, 1]: with s = 2 t - 1, first powers of t, then b_i = sum_k
  // binom(i, k) / binom(n, k) a_k.
  constexpr std::size_t n = max_degree;
  constexpr std::array<std::array<double, n + 1>, n + 1> binomial = [] {
    std::array<std::array<double, n + 1>, n + 1> b{};
    for (std::size_t i = 0; i <= n; ++i) {
      b[i][0] = 1.0;
      for (std::size_t k = 1; k <= i; ++k) b[i][k] = b[i - 1][k - 1] + (k < i ? b[i - 1][k] : 0.0);
    }
    return b;
  }();
  Coefficients a{};
  for (std::size_t k = 0; k <= n; ++k) {
    for (std::size_t i = 0; i <= k; ++i) {
      a[i] += power_form[k] * binomial[k][i] * std::ldexp(1.0, static_cast<int>(i)) *
              ((k - i) % 2 == 0 ? 1.0 : -1.0);
    }
  }
  Coefficients b{};
  for (std::size_t i = 0; i <= n; ++i) {
    for (std::size_t k = 0; k <= i; ++k) b[i] += binomial[i][k] / binomial[n][k] * a[k];
  }
  std::vector<std::pair<Coefficients, int>> open{{b, 0}};
  while (!open.empty()) {
    const auto [hull, depth] = open.back();
    open.pop_back();
    if (hull.front() < floor || hull.back() < floor) return false;
    if (*std::min_element(hull.begin(), hull.end()) >= floor || depth > 40) continue;
    Coefficients left{}, right = hull;  // de Casteljau at the middle
    for (std::size_t level = 0; level <= n; ++level) {
      left[level] = right[0];
      for (std::size_t i = 0; i + level < n; ++i) right[i] = 0.5 * (right[i] + right[i + 1]);
    }
    open.push_back({left, depth + 1});
    open.push_back({right, depth + 1});
  }
  return true;
}

class PiecewisePolynomial final : public LineLaw {
 public:
  PiecewisePolynomial(VectorIn knots, std::vector<Coefficients> densities)
      : densities_(std::move(densities)) {
    const auto n = densities_.size();
    origin_ = 0.5 * knots[0] + 0.5 * knots[knots.size() - 1];
    knots_.resize(n + 1);
    for (std::size_t i = 0; i <= n; ++i) knots_[i] = knots[static_cast<Index>(i)] - origin_;
    std::vector<double> mass(n);
    detail::CompensatedSum total;
    for (std::size_t i = 0; i < n; ++i) {
      mass[i] = moments_in(i, knots_[i], knots_[i + 1], 0.0).mass;
      total.add(mass[i]);
    }
    require(total.value() > 0.0 && std::isfinite(total.value()), "piecewise_polynomial_line_law",
            "total mass", total.value(), "positive and finite");
    below_.assign(n + 1, 0.0);
    above_.assign(n + 1, 0.0);
    detail::CompensatedSum under, over;
    for (std::size_t i = 0; i < n; ++i) {
      for (double& c : densities_[i]) c /= total.value();
      under.add(mass[i] / total.value());
      below_[i + 1] = under.value();
      over.add(mass[n - 1 - i] / total.value());
      above_[n - 1 - i] = over.value();
    }
  }

  double origin() const override { return origin_; }

  double quantile(const MassSplit& split) const override {
    if (split.below <= split.above) {
      const auto next = std::lower_bound(below_.begin() + 1, below_.end() - 1, split.below);
      const auto i = static_cast<std::size_t>(next - below_.begin()) - 1;
      return place_in(i, split.below - below_[i], true);
    }
    // above_ decreases; the first piece whose right end has no more than asked for above it.
    const auto next = std::lower_bound(above_.begin() + 1, above_.end() - 1, split.above,
                                       [](double a, double b) { return a > b; });
    const auto i = static_cast<std::size_t>(next - above_.begin()) - 1;
    return place_in(i, split.above - above_[i + 1], false);
  }

  MassSplit split(double x) const override {
    if (x <= knots_.front()) return {0.0, 1.0};
    if (x >= knots_.back()) return {1.0, 0.0};
    const std::size_t i = piece_at(x);
    return {below_[i] + moments_in(i, knots_[i], x, 0.0).mass,
            above_[i + 1] + moments_in(i, x, knots_[i + 1], 0.0).mass};
  }

  LineMoments moments(double low, double high, double centre) const override {
    LineMoments sum;
    low = std::max(low, knots_.front());
    high = std::min(high, knots_.back());
    if (!(low < high)) return sum;
    for (std::size_t i = piece_at(low); i < densities_.size() && knots_[i] < high; ++i) {
      const LineMoments part =
          moments_in(i, std::max(low, knots_[i]), std::min(high, knots_[i + 1]), centre);
      sum.mass += part.mass;
      sum.first += part.first;
      sum.second += part.second;
    }
    return sum;
  }

 private:
  std::size_t piece_at(double x) const {
    const auto next = std::upper_bound(knots_.begin() + 1, knots_.end() - 1, x);
    return static_cast<std::size_t>(next - knots_.begin()) - 1;
  }

  double density_in(std::size_t i, double x) const {
    const double left = knots_[i], right = knots_[i + 1];
    return value_at(densities_[i], ((x - left) - (right - x)) / (right - left));
  }

  LineMoments moments_in(std::size_t i, double low, double high, double centre) const {
    LineMoments sum;
    const double half = 0.5 * (high - low);
    if (!(half > 0.0)) return sum;
    for (std::size_t k = 0; k < Rule::abscissa().size(); ++k) {
      for (const double side : {-1.0, 1.0}) {
        if (Rule::abscissa()[k] == 0.0 && side > 0.0) continue;
        // From the nearer end, so that narrow cells keep the digits of their width.
        const double inset = half * (1.0 - Rule::abscissa()[k]);
        const double x = side < 0.0 ? low + inset : high - inset;
        const double part = Rule::weights()[k] * half * density_in(i, x);
        const double arm = x - centre;
        sum.mass += part;
        sum.first += part * arm;
        sum.second += part * arm * arm;
      }
    }
    return sum;
  }

  // The place in piece i with `mass` between it and the piece's left (or right) end.
  double place_in(std::size_t i, double mass, bool from_left) const {
    const double left = knots_[i], right = knots_[i + 1];
    if (mass <= 0.0) return from_left ? left : right;
    const bool constant = std::all_of(densities_[i].begin() + 1, densities_[i].end(),
                                      [](double c) { return c == 0.0; });
    if (constant) {
      const double step = mass / densities_[i][0];
      return from_left ? std::min(right, left + step) : std::max(left, right - step);
    }
    double low = left, high = right;
    double x = 0.5 * (low + high);
    for (int step = 0; step < 200; ++step) {
      const double reached =
          from_left ? moments_in(i, left, x, 0.0).mass : moments_in(i, x, right, 0.0).mass;
      ((reached < mass) == from_left ? low : high) = x;
      double next = x + (from_left ? 1.0 : -1.0) * (mass - reached) / density_in(i, x);
      if (!(next > low && next < high)) next = 0.5 * (low + high);
      if (next == x || next == low || next == high) break;
      x = next;
    }
    return x;
  }

  double origin_ = 0.0;
  std::vector<double> knots_;  // from the origin
  std::vector<Coefficients> densities_;
  std::vector<double> below_, above_;  // masses under and above each knot
};

void check_knots(const char* where, const char* argument, VectorIn knots) {
  require(knots.size() >= 2, where, std::string(argument) + ".size()", knots.size(),
          "at least two");
  for (Index i = 0; i < knots.size(); ++i) {
    const std::string at = std::string(argument) + "[" + std::to_string(i) + "]";
    require(std::isfinite(knots[i]), where, at, knots[i], "a finite number");
    require(i == 0 || knots[i] > knots[i - 1], where, at, knots[i], "more than the one before");
  }
}

}  // namespace

LineLawPtr piecewise_polynomial_line_law(VectorIn knots, PointsIn coefficients) {
  constexpr const char* here = "piecewise_polynomial_line_law";
  check_knots(here, "knots", knots);
  require(coefficients.rows() >= 1 && coefficients.rows() <= max_degree + 1, here,
          "coefficients.rows()", coefficients.rows(), "between 1 and 7");
  require(coefficients.cols() == knots.size() - 1, here, "coefficients.cols()", coefficients.cols(),
          "one per piece, " + std::to_string(knots.size() - 1));
  std::vector<Coefficients> densities(static_cast<std::size_t>(coefficients.cols()));
  for (Index i = 0; i < coefficients.cols(); ++i) {
    auto& density = densities[static_cast<std::size_t>(i)];
    density.fill(0.0);
    for (Index k = 0; k < coefficients.rows(); ++k) {
      const double c = coefficients(k, i);
      require(std::isfinite(c), here,
              "coefficients(" + std::to_string(k) + ", " + std::to_string(i) + ")", c,
              "a finite number");
      density[static_cast<std::size_t>(k)] = c;
    }
    // A double root may come out below zero by rounding.
    const double rounding = 1e-13 * coefficients.col(i).cwiseAbs().sum();
    require(stays_above(density, -rounding), here, "the density of piece " + std::to_string(i),
            std::string("negative somewhere"), "non-negative everywhere");
  }
  return std::make_shared<PiecewisePolynomial>(knots, std::move(densities));
}

LineLawPtr histogram_line_law(VectorIn edges, VectorIn masses) {
  constexpr const char* here = "histogram_line_law";
  check_knots(here, "edges", edges);
  require(masses.size() == edges.size() - 1, here, "masses.size()", masses.size(),
          "one per bin, " + std::to_string(edges.size() - 1));
  require(masses.allFinite() && masses.minCoeff() >= 0.0, here, "masses", masses.minCoeff(),
          "finite and non-negative");
  require(masses.sum() > 0.0, here, "masses.sum()", masses.sum(), "positive");
  std::vector<Coefficients> densities(static_cast<std::size_t>(masses.size()));
  for (Index i = 0; i < masses.size(); ++i) {
    densities[static_cast<std::size_t>(i)] = {masses[i] / (edges[i + 1] - edges[i])};
  }
  return std::make_shared<PiecewisePolynomial>(edges, std::move(densities));
}

LineLawPtr uniform_line_law(double low, double high) {
  Vector knots(2);
  knots << low, high;
  check_knots("uniform_line_law", "[low, high]", knots);
  return std::make_shared<PiecewisePolynomial>(
      knots, std::vector<Coefficients>{Coefficients{1.0 / (high - low)}});
}

}  // namespace pushforward::ot
