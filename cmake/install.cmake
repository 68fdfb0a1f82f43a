# What `cmake --install` lays down: the libraries with their public headers and package files
# (component pushforward_development) and the executable (component pushforward_runtime). Nothing in
# it names the folder it was installed to, so the tree may be moved.
option(PUSHFORWARD_INSTALL "Add install rules" ${PROJECT_IS_TOP_LEVEL})
if(NOT PUSHFORWARD_INSTALL)
  return()
endif()
include(CMakePackageConfigHelpers)

get_property(modules GLOBAL PROPERTY PUSHFORWARD_MODULES)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/pushforward)
set(PUSHFORWARD_USES_OPENMP OFF)
if(TARGET OpenMP::OpenMP_CXX)
  set(PUSHFORWARD_USES_OPENMP ON)
endif()

list(TRANSFORM modules PREPEND pushforward_ OUTPUT_VARIABLE libraries)
install(
  TARGETS ${libraries} pushforward_all
  EXPORT pushforward-targets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT pushforward_development
  FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT pushforward_development)
install(
  EXPORT pushforward-targets
  NAMESPACE pushforward::
  DESTINATION ${package_dir}
  COMPONENT pushforward_development)

configure_package_config_file(
  cmake/pushforward-config.cmake.in ${PROJECT_BINARY_DIR}/pushforward-config.cmake
  INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/pushforward-config-version.cmake COMPATIBILITY SameMinorVersion)
install(
  FILES ${PROJECT_BINARY_DIR}/pushforward-config.cmake
        ${PROJECT_BINARY_DIR}/pushforward-config-version.cmake
  DESTINATION ${package_dir}
  COMPONENT pushforward_development)

# pkg-config finds the tree from where pushforward.pc lies: one `..` for each folder below the prefix.
string(REGEX REPLACE "[^/]+" ".." pushforward_up "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
set(pushforward_libraries ${libraries})
list(REVERSE pushforward_libraries) # a static library comes before what it needs
list(TRANSFORM pushforward_libraries PREPEND -l)
list(JOIN pushforward_libraries " " pushforward_libraries)
set(pushforward_openmp_flag "")
if(PUSHFORWARD_USES_OPENMP)
  list(JOIN OpenMP_CXX_FLAGS " " pushforward_openmp_flag)
endif()
configure_file(cmake/pushforward.pc.in ${PROJECT_BINARY_DIR}/pushforward.pc @ONLY)
install(
  FILES ${PROJECT_BINARY_DIR}/pushforward.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
  COMPONENT pushforward_development)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT pushforward_development)

if(TARGET pushforward_program)
  install(TARGETS pushforward_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
                                                 COMPONENT pushforward_runtime)
endif()
