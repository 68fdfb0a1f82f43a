#include <vector>

#include <Eigen/Dense>
#include <doctest/doctest.h>

#include "pushforward/core/densities/gaussian_mixture.hpp"
#include "pushforward/core/measure.hpp"

namespace pushforward {
namespace {

// Sizes on both sides of every packet width, so that aligned heads and scalar tails all occur.
const std::vector<Index> sizes{1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33, 64, 65};

// The client's own numerics, in Eigen's aligned types: these bring the client's copies of Eigen's
// functions into the program.
Eigen::MatrixXd random_covariance(Index d, std::uint64_t seed) {
  Matrix noise(d, d);
  fill_normal({.seed = seed}, noise);
  const Eigen::MatrixXd a = noise;
  Eigen::MatrixXd c = a * a.transpose();
  c.diagonal().array() += 0.5;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(c);
  return eigen.eigenvectors() * eigen.eigenvalues().asDiagonal() * eigen.eigenvectors().transpose();
}

double relative_error(const Eigen::MatrixXd& found, const Eigen::MatrixXd& expected) {
  return (found - expected).norm() / expected.norm();
}

}  // namespace

TEST_CASE("abi: matrices that the library returns are freed by the client") {
  for (const Index d : sizes) {
    CAPTURE(d);
    const Eigen::MatrixXd c = 0.5 * (random_covariance(d, 1) + random_covariance(d, 1).transpose());
    const GaussianMixture law(Vector::Ones(1), Matrix::Ones(d, 1), std::vector<Matrix>{c});

    Eigen::MatrixXd covariance = law.covariance();
    const Matrix moved = law.component_covariance(0);
    const Vector mean = law.mean();
    const IndexVector labels = categorical({.seed = 2}, Vector::Ones(d), d);

    // Eigenpairs of a d x d matrix are backward stable: a few d ulps of the norm.
    const double rounding = 1e-15 * static_cast<double>(10 * d + 10);
    CHECK(relative_error(covariance, c) < rounding);
    CHECK(relative_error(moved, c) < rounding);
    CHECK(mean.isOnes(1e-15));
    CHECK(labels.maxCoeff() < d);
  }
}

TEST_CASE("abi: matrices that the client moves in are freed by the library") {
  for (const Index n : sizes) {
    CAPTURE(n);
    Matrix points = Matrix::Constant(3, n, 2.0);
    auto measure = DiscreteMeasure::uniform(std::move(points));
    measure = DiscreteMeasure(Matrix::Constant(2, n, 5.0), Vector::Constant(n, 1.0 / double(n)));
    CHECK(measure.mean().isConstant(5.0, 1e-14));
    CHECK(measure.points().cols() == n);
  }
}

TEST_CASE("abi: points pass both ways through views of aligned, unaligned and strided memory") {
  for (const Index d : sizes) {
    CAPTURE(d);
    const Index n = 19;
    Matrix means(d, 2);
    means << Vector::Constant(d, -1.0), Vector::Constant(d, 1.0);
    const auto law = GaussianMixture::isotropic(Vector::Constant(2, 0.5), means, Vector::Ones(2));
    Eigen::MatrixXd aligned(d, n);
    law.draw({.seed = 3}, aligned);
    Eigen::MatrixXd wide(d + 1, n + 1);
    wide.bottomRightCorner(d, n) = aligned;

    Eigen::MatrixXd score(d, n);
    Eigen::VectorXd log_p(n);
    law.log_density_and_score(aligned, log_p, score);
    Eigen::MatrixXd strided_score(d + 1, n);
    Vector strided_log_p(n);
    law.log_density_and_score(wide.bottomRightCorner(d, n), strided_log_p,
                              strided_score.bottomRows(d));

    CHECK(strided_score.bottomRows(d) == score);
    CHECK(strided_log_p == log_p);
    // The score of an even mixture of N(-1, I) and N(1, I) is tanh(sum x) - x in each coordinate.
    const Eigen::RowVectorXd pull = aligned.colwise().sum().array().tanh();
    const Eigen::MatrixXd expected = Eigen::VectorXd::Ones(d) * pull - aligned;
    CHECK(relative_error(score, expected) < 1e-13 * static_cast<double>(d));
  }
}

}  // namespace pushforward
