# pushforward_isa_kernels(target source...): compiles each source once for every instruction set,
# with PUSHFORWARD_ISA naming the namespace, and adds the objects to the target. The choice between
# them is made at run time (core/src/isa.hpp). Away from x86-64 there is only the baseline.
function(pushforward_isa_kernels target)
  set(isa_names base)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
    list(APPEND isa_names v3 v4)
  endif()
  set(flags_base "")
  set(flags_v3 -march=x86-64-v3 -mtune=znver3)
  # GCC 12 takes the undefined operands in its own AVX-512 header for mistakes of ours.
  set(flags_v4 -march=x86-64-v4 -mtune=znver3 -mprefer-vector-width=512 -Wno-uninitialized
      -Wno-maybe-uninitialized)
  foreach(source IN LISTS ARGN)
    get_filename_component(stem ${source} NAME_WE)
    foreach(isa IN LISTS isa_names)
      set(object ${target}_${stem}_${isa})
      add_library(${object} OBJECT ${source})
      pushforward_options(${object})
      target_include_directories(${object} PRIVATE ${PROJECT_SOURCE_DIR}
                                                   ${PROJECT_SOURCE_DIR}/core/include)
      target_compile_definitions(${object} PRIVATE PUSHFORWARD_ISA=${isa}
                                                   PUSHFORWARD_ISA_${isa}=1)
      # Contraction to fused multiply-add is wanted here and is the same for every thread count.
      target_compile_options(${object} PRIVATE -O3 -ffp-contract=fast -fno-math-errno
                                               -fno-trapping-math ${flags_${isa}})
      target_sources(${target} PRIVATE $<TARGET_OBJECTS:${object}>)
      # What tests/kernel_symbols.cmake looks into.
      set_property(GLOBAL APPEND PROPERTY PUSHFORWARD_ISA_OBJECTS $<TARGET_OBJECTS:${object}>)
    endforeach()
  endforeach()
endfunction()
