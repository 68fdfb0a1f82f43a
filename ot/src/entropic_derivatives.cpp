#include "pushforward/ot/entropic_derivatives.hpp"

#include <chrono>
#include <cmath>
#include <string>
#include <utility>

#include "pushforward/core/errors.hpp"

#include "core/src/parallel.hpp"
#include "ot/src/sinkhorn_backend.hpp"

namespace pushforward::ot {
namespace {

constexpr const char* here = "source_gradient";

// c(x, y) = s |x|^2 - k <x, y> + terms in y alone.
struct Quadratic {
  double s, k;
};

Quadratic quadratic(const Cost& cost) {
  switch (cost.kind()) {
    case CostKind::squared_euclidean:
      return {1.0, 2.0};
    case CostKind::half_squared_euclidean:
      return {0.5, 1.0};
    case CostKind::negative_dot:
      return {0.0, 1.0};
    default:
      break;
  }
  require(false, here, "cost", name(cost.kind()),
          "squared_euclidean, half_squared_euclidean or negative_dot");
  return {};
}

// The coupling of potentials, its points and what the derivatives need.
class Coupled {
 public:
  Coupled(const TransportProblem& problem, const Vector& f, const Vector& g, double epsilon,
          int threads)
      : form(quadratic(problem.cost)),
        x(problem.source.points()),
        y(problem.target.points()),
        a(problem.source.weights()),
        b(problem.target.weights()),
        f_(f),
        g_(g) {
    require(f.size() == x.cols(), here, "solution.f.size()", f.size(), std::to_string(x.cols()));
    require(g.size() == y.cols(), here, "solution.g.size()", g.size(), std::to_string(y.cols()));
    backend_ = detail::make_sinkhorn_backend(std::make_shared<PointCost>(problem.cost_view()), a, b,
                                             Precision::f64, threads);
    backend_->set_epsilon(epsilon);
  }

  Matrix forward(PointsIn v) {  // sum_j P_ij v_j
    Matrix out(v.rows(), x.cols());
    backend_->apply(f_, g_, v, out);
    return out;
  }
  Matrix backward(PointsIn v) {  // sum_i P_ij v_i
    Matrix out(v.rows(), y.cols());
    backend_->apply_transposed(f_, g_, v, out);
    return out;
  }
  Matrix gradient() {
    Matrix with_ones(y.rows() + 1, y.cols());
    with_ones << y, Matrix::Ones(1, y.cols());
    const Matrix sums = forward(with_ones);
    return 2.0 * form.s * (x * sums.row(y.rows()).asDiagonal()) - form.k * sums.topRows(y.rows());
  }

  Quadratic form;
  const Matrix& x;
  const Matrix& y;
  const Vector& a;
  const Vector& b;

 private:
  Vector f_, g_;
  std::unique_ptr<detail::SinkhornBackend> backend_;
};

Vector inverse(const Vector& weights) {
  return (weights.array() > 0.0).select(1.0 / weights.array(), 0.0);
}

}  // namespace

void HessianProductOptions::validate() const { validate_fields("HessianProductOptions", *this); }

Matrix source_gradient(const TransportProblem& problem, const SinkhornResult& solution,
                       int threads) {
  return Coupled(problem, solution.f, solution.g, solution.epsilon, threads).gradient();
}

Matrix source_gradient(const TransportProblem& problem, const SinkhornDivergenceResult& solution,
                       int threads) {
  const TransportProblem self{problem.source, problem.source, problem.cost};
  // The self term has the points on both sides: half of twice the gradient on one side. For costs
  // that are not symmetric in x and y the two sides differ; those admitted here are.
  return source_gradient(problem, solution.cross, threads) -
         Coupled(self, solution.source.f, solution.source.f, solution.source.epsilon, threads)
             .gradient();
}

// With t along the direction v, C'_ij = 2 s <x_i, v_i> - k <y_j, v_i> and P' = P (f' + g' - C') /
// epsilon. Marginals stay: r f' + P g' = P . C' 1 and P^T f' + c g' = (P . C')^T 1.
HessianProduct source_hessian_product(const TransportProblem& problem,
                                      const SinkhornResult& solution, PointsIn direction,
                                      const HessianProductOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  options.validate();
  Coupled coupled(problem, solution.f, solution.g, solution.epsilon, options.threads);
  const Matrix& x = coupled.x;
  const Matrix& y = coupled.y;
  const Index d = x.rows(), n = x.cols(), m = y.cols();
  require(direction.rows() == d, here, "direction.rows()", direction.rows(), std::to_string(d));
  require(direction.cols() == n, here, "direction.cols()", direction.cols(), std::to_string(n));
  const double s = coupled.form.s, k = coupled.form.k;

  // One product with 1, y and the products of its coordinates.
  Matrix moments(1 + d + d * d, m);
  moments.row(0).setOnes();
  moments.middleRows(1, d) = y;
  for (Index p = 0; p < d; ++p) {
    for (Index q = 0; q < d; ++q) {
      moments.row(1 + d + p * d + q) = y.row(p).cwiseProduct(y.row(q));
    }
  }
  const Matrix sums = coupled.forward(moments);
  const Vector r = sums.row(0).transpose();
  const Matrix py = sums.middleRows(1, d);
  const Vector xv = x.cwiseProduct(direction).colwise().sum().transpose();
  const Vector alpha = 2.0 * s * r.cwiseProduct(xv) -
                       k * Vector(py.cwiseProduct(direction).colwise().sum().transpose());
  Matrix back(2 + d, n);
  back.row(0) = xv.transpose();
  back.middleRows(1, d) = direction;
  back.row(1 + d).setOnes();
  const Matrix backward = coupled.backward(back);
  const Vector c = backward.row(1 + d).transpose();
  const Vector beta =
      2.0 * s * backward.row(0).transpose() -
      k * Vector(y.cwiseProduct(backward.middleRows(1, d)).colwise().sum().transpose());

  // (diag r - P diag(1/c) P^T) f' = alpha - P (beta / c), up to constants.
  const Vector over_c = inverse(c), over_r = inverse(r);
  const auto forward = [&](const Vector& v) {
    return Vector(coupled.forward(v.transpose()).transpose());
  };
  const auto backwards = [&](const Vector& v) {
    return Vector(coupled.backward(v.transpose()).transpose());
  };
  HessianProduct result;
  const Vector rhs = alpha - forward(beta.cwiseProduct(over_c));
  Vector f = Vector::Zero(n), residual = rhs, z = residual.cwiseProduct(over_r), step = z;
  double rho = residual.dot(z);
  const double goal = options.tolerance * rhs.norm();
  while (residual.norm() > goal && result.iterations < options.max_iterations) {
    const Vector image = r.cwiseProduct(step) - forward(backwards(step).cwiseProduct(over_c));
    const double length = rho / step.dot(image);
    if (!std::isfinite(length)) break;
    f += length * step;
    residual -= length * image;
    z = residual.cwiseProduct(over_r);
    const double next = residual.dot(z);
    step = z + (next / rho) * step;
    rho = next;
    ++result.iterations;
  }
  result.residual = rhs.norm() > 0.0 ? residual.norm() / rhs.norm() : 0.0;
  result.converged = residual.norm() <= goal;
  result.termination = result.converged ? Termination::converged : Termination::max_iterations;
  const double mean = coupled.a.dot(f);
  f.array() -= mean;
  const Vector g = (beta - backwards(f)).cwiseProduct(over_c);

  const Matrix pgy = coupled.forward(Matrix(y * g.asDiagonal()));
  Matrix moved = py * Vector(f - 2.0 * s * xv).asDiagonal() + pgy;  // epsilon sum_j P'_ij y_j
  for (Index i = 0; i < n; ++i) {
    const Eigen::Map<const Matrix> second(sums.col(i).data() + 1 + d, d, d);
    moved.col(i) += k * (second * direction.col(i));
  }
  result.gradient = 2.0 * s * (direction * r.asDiagonal()) - (k / solution.epsilon) * moved;
  result.f = std::move(f);
  result.g = g;
  result.threads = pushforward::detail::thread_count(options.threads);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace pushforward::ot
