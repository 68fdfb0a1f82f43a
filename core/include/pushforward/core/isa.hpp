/// The instruction set that the hot kernels run with, chosen once per process.
#pragma once

#include <array>
#include <string_view>

namespace pushforward {

/// x86-64 baseline (SSE2), v3 (AVX2 and FMA), v4 (AVX-512 F, DQ, BW, VL).
enum class Isa { base, v3, v4 };

constexpr std::array<std::string_view, 3> enum_names(Isa) { return {"base", "v3", "v4"}; }

Isa detected_isa();  ///< The best that this processor runs.

/// The one in use: `detected_isa()`, or what the environment variable PUSHFORWARD_ISA names.
/// @throws BackendUnavailable if PUSHFORWARD_ISA names an unknown set or one the processor lacks.
Isa active_isa();

}  // namespace pushforward
