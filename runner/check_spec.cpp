#include "runner/check_spec.hpp"

#include "pushforward/core/special.hpp"

namespace pushforward::runner {

std::optional<double> CheckSpec::z() const {
  if (alpha) return -normal_quantile(0.5 * *alpha);
  return z_max;
}

Shape JsonType<Comparand>::shape() {
  Shape shape{.kind = Shape::Kind::special};
  shape.accepts = [](const Json& json) {
    return json.is_number() || (json.is_string() && !json.string().empty());
  };
  shape.expected = "a number, the name of a quantity, or \"closed_form\"";
  shape.schema = Json::object();
  shape.schema.set("type", Json(Json::List{"number", "string"}));
  return shape;
}

Comparand JsonType<Comparand>::read(const Json& json) {
  if (json.is_number()) return {json.number()};
  return {json.string()};
}

Json JsonType<Comparand>::write(const Comparand& comparand) {
  return std::visit([](const auto& value) { return Json(value); }, comparand.value);
}

}  // namespace pushforward::runner
