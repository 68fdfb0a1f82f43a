# Writes a header that names the revision of SOURCE_FOLDER to FILE, unless it says so already: an
# unchanged file keeps its time, and nothing is compiled anew.
execute_process(
  COMMAND git -C ${SOURCE_FOLDER} describe --always --dirty --abbrev=12
  OUTPUT_VARIABLE revision
  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT revision)
  set(revision "unknown")
endif()
set(text "#define PUSHFORWARD_REVISION \"${revision}\"\n")
if(EXISTS ${FILE})
  file(READ ${FILE} before)
endif()
if(NOT "${before}" STREQUAL "${text}")
  file(WRITE ${FILE} "${text}")
endif()
