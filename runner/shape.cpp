#include "runner/shape.hpp"

namespace pushforward::runner {

const ShapeField* Shape::find(std::string_view name) const {
  for (const ShapeField& field : fields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

}  // namespace pushforward::runner
