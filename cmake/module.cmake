# pushforward_options(target): warnings, hidden symbols and C++20 for one of our own targets.
function(pushforward_options target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(
    ${target} PROPERTIES CXX_EXTENSIONS OFF CXX_VISIBILITY_PRESET hidden
                         VISIBILITY_INLINES_HIDDEN ON POSITION_INDEPENDENT_CODE ON)
  # Eigen's own threads would cut products by the thread count, and so change bits with it.
  target_compile_definitions(${target} PRIVATE EIGEN_DONT_PARALLELIZE)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                                           -Wno-missing-field-initializers)
  # GCC 12 sees overlaps that are not there in "text" + std::to_string(n) (its bug 105329).
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
  if(PUSHFORWARD_WARNINGS_AS_ERRORS)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

# pushforward_module(name SOURCES ... DEPENDS ...): one library pushforward::name with its public
# headers under include/, each of which must compile alone.
function(pushforward_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS" ${ARGN})
  set(target pushforward_${name})
  add_library(${target} STATIC ${arg_SOURCES})
  add_library(pushforward::${name} ALIAS ${target})
  pushforward_options(${target})
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/include/*.hpp)
  target_sources(
    ${target} PUBLIC FILE_SET HEADERS BASE_DIRS ${CMAKE_CURRENT_SOURCE_DIR}/include FILES
                     ${headers})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${target} PUBLIC Eigen3::Eigen)
  foreach(dependency IN LISTS arg_DEPENDS)
    target_link_libraries(${target} PUBLIC pushforward::${dependency})
  endforeach()
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:Boost::headers>)
  if(TARGET OpenMP::OpenMP_CXX)
    target_link_libraries(${target} PRIVATE OpenMP::OpenMP_CXX)
  endif()
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  set_property(GLOBAL APPEND PROPERTY PUSHFORWARD_MODULES ${name})
endfunction()
