# Fails unless every kernel object defines exactly one external symbol, and that a function of its
# own. A second one would be an inline function compiled for AVX that the linker may hand to
# baseline code. Call with -DNM=... -DOBJECTS=first|second|...
string(REPLACE "|" ";" objects "${OBJECTS}")
list(LENGTH objects count)
if(count EQUAL 0)
  message(FATAL_ERROR "no kernel objects to look into")
endif()
foreach(object IN LISTS objects)
  execute_process(COMMAND ${NM} --defined-only --extern-only -C ${object}
                  OUTPUT_VARIABLE symbols OUTPUT_STRIP_TRAILING_WHITESPACE
                  COMMAND_ERROR_IS_FATAL ANY)
  string(REPLACE "\n" ";" symbols "${symbols}")
  # Sanitisers add weak references to the personality of exceptions.
  list(FILTER symbols EXCLUDE REGEX " DW[.]ref[.]")
  list(LENGTH symbols number)
  if(NOT number EQUAL 1 OR NOT symbols MATCHES "^[0-9a-f]+ T pushforward::")
    list(JOIN symbols "\n  " listed)
    message(SEND_ERROR "${object} has ${number} external symbols, expected one function:\n  ${listed}")
  endif()
endforeach()
message(STATUS "${count} kernel objects, one external symbol each")
