# Installs the build tree BUILD to FROM and moves it to TO.
file(REMOVE_RECURSE ${FROM} ${TO})
execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILD} --prefix ${FROM} COMMAND_ERROR_IS_FATAL
                        ANY)
file(RENAME ${FROM} ${TO})
# A path of this machine in a package file would break once the tree goes elsewhere.
file(GLOB_RECURSE package_files ${TO}/*.cmake ${TO}/*.pc)
foreach(file IN LISTS package_files)
  file(STRINGS ${file} lines)
  foreach(place ${BUILD} ${FROM})
    string(FIND "${lines}" ${place} at)
    if(NOT at EQUAL -1)
      message(FATAL_ERROR "${file} names ${place}")
    endif()
  endforeach()
endforeach()
