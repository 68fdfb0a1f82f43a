# The target `docs`: the reference documentation, where Doxygen is installed.
find_package(Doxygen QUIET)
if(NOT DOXYGEN_FOUND)
  return()
endif()
get_property(modules GLOBAL PROPERTY PUSHFORWARD_MODULES)
set(include_dirs "")
foreach(module IN LISTS modules)
  if(EXISTS ${PROJECT_SOURCE_DIR}/${module}/include)
    list(APPEND include_dirs ${PROJECT_SOURCE_DIR}/${module}/include)
  endif()
endforeach()
set(PUSHFORWARD_DOCS_DIR ${PROJECT_BINARY_DIR}/docs)
list(JOIN include_dirs " " PUSHFORWARD_DOCS_INPUT)
set(PUSHFORWARD_DOCS_STRIP ${PUSHFORWARD_DOCS_INPUT})
configure_file(docs/Doxyfile.in ${PROJECT_BINARY_DIR}/Doxyfile @ONLY)
file(MAKE_DIRECTORY ${PUSHFORWARD_DOCS_DIR})
add_custom_target(
  docs
  COMMAND ${DOXYGEN_EXECUTABLE} ${PROJECT_BINARY_DIR}/Doxyfile
  COMMENT "Reference documentation in ${PUSHFORWARD_DOCS_DIR}/html"
  VERBATIM)
