#include "pushforward/core/isa.hpp"

#include <cstdlib>
#include <string>

#include "pushforward/core/errors.hpp"
#include "pushforward/core/options.hpp"

namespace pushforward {

Isa detected_isa() {
#if defined(__x86_64__) && defined(__GNUC__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") ||
      !__builtin_cpu_supports("bmi2")) {
    return Isa::base;
  }
  const bool v4 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
                  __builtin_cpu_supports("avx512cd");
  return v4 ? Isa::v4 : Isa::v3;
#else
  return Isa::base;
#endif
}

Isa active_isa() {
  static const Isa chosen = [] {
    const Isa best = detected_isa();
    const char* wish = std::getenv("PUSHFORWARD_ISA");
    if (wish == nullptr || *wish == '\0') return best;
    const auto asked = from_name<Isa>(wish);
    if (!asked) {
      throw BackendUnavailable("PUSHFORWARD_ISA is \"" + std::string(wish) +
                               "\", expected base, v3 or v4");
    }
    if (*asked > best) {
      throw BackendUnavailable("PUSHFORWARD_ISA is \"" + std::string(wish) +
                               "\", but this processor runs at most " + std::string(name(best)));
    }
    return *asked;
  }();
  return chosen;
}

}  // namespace pushforward
