#include "pushforward/ot/softmin.hpp"

#include <string>
#include <utility>

#include "pushforward/core/errors.hpp"

#include "ot/src/sinkhorn_backend.hpp"

namespace pushforward::ot {
namespace {

void require_size(Index given, Index wanted, const char* what) {
  require(given == wanted, "Softmin", what, given, std::to_string(wanted));
}

}  // namespace

void SoftminOptions::validate() const { validate_fields("SoftminOptions", *this); }

Softmin::Softmin(const TransportProblem& problem, const SoftminOptions& options) {
  options.validate();
  backend_ = detail::make_sinkhorn_backend(std::make_shared<PointCost>(problem.cost_view()),
                                           problem.source.weights(), problem.target.weights(),
                                           options.precision, options.threads);
  backend_->set_epsilon(options.epsilon);
}

Softmin::~Softmin() = default;
Softmin::Softmin(Softmin&&) noexcept = default;
Softmin& Softmin::operator=(Softmin&&) noexcept = default;

Index Softmin::source_size() const { return backend_->rows(); }
Index Softmin::target_size() const { return backend_->cols(); }

void Softmin::rows(VectorIn g, VectorOut f) {
  require_size(g.size(), target_size(), "g.size()");
  require_size(f.size(), source_size(), "f.size()");
  backend_->soft_rows(g, f);
}

void Softmin::columns(VectorIn f, VectorOut g) {
  require_size(f.size(), source_size(), "f.size()");
  require_size(g.size(), target_size(), "g.size()");
  backend_->soft_columns(f, g);
}

double Softmin::sweep(VectorOut f, VectorOut g) {
  require_size(f.size(), source_size(), "f.size()");
  require_size(g.size(), target_size(), "g.size()");
  return backend_->sweep(1.0, f, g);
}

Matrix Softmin::apply(VectorIn f, VectorIn g, PointsIn v) {
  require_size(f.size(), source_size(), "f.size()");
  require_size(g.size(), target_size(), "g.size()");
  require_size(v.cols(), target_size(), "v.cols()");
  Matrix out(v.rows(), source_size());
  backend_->apply(f, g, v, out);
  return out;
}

Matrix Softmin::apply_transposed(VectorIn f, VectorIn g, PointsIn v) {
  require_size(f.size(), source_size(), "f.size()");
  require_size(g.size(), target_size(), "g.size()");
  require_size(v.cols(), source_size(), "v.cols()");
  Matrix out(v.rows(), target_size());
  backend_->apply_transposed(f, g, v, out);
  return out;
}

double Softmin::transport_cost(VectorIn f, VectorIn g) {
  require_size(f.size(), source_size(), "f.size()");
  require_size(g.size(), target_size(), "g.size()");
  return backend_->transport_cost(f, g);
}

}  // namespace pushforward::ot
