/// Picks one of the compiled copies of a kernel table.
#pragma once

#include "pushforward/core/isa.hpp"

/// PUSHFORWARD_DECLARE_ISA_KERNELS(Table, accessor): declares accessor() in the namespaces base, v3
/// and v4 and defines `const Table& accessor()` that returns the one for active_isa(). To be used
/// inside a `detail` namespace of the module, once, in the kernel's header.
#if defined(__x86_64__)
#define PUSHFORWARD_DECLARE_ISA_KERNELS(Table, accessor) \
  namespace base {                                       \
  const Table& accessor();                               \
  }                                                      \
  namespace v3 {                                         \
  const Table& accessor();                               \
  }                                                      \
  namespace v4 {                                         \
  const Table& accessor();                               \
  }                                                      \
  inline const Table& accessor(::pushforward::Isa isa) { \
    switch (isa) {                                       \
      case ::pushforward::Isa::v4:                       \
        return v4::accessor();                           \
      case ::pushforward::Isa::v3:                       \
        return v3::accessor();                           \
      case ::pushforward::Isa::base:                     \
        break;                                           \
    }                                                    \
    return base::accessor();                             \
  }
#else
#define PUSHFORWARD_DECLARE_ISA_KERNELS(Table, accessor) \
  namespace base {                                       \
  const Table& accessor();                               \
  }                                                      \
  inline const Table& accessor(::pushforward::Isa) { return base::accessor(); }
#endif
