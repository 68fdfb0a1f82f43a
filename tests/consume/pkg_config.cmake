# Compiles client.cpp with nothing but what pkg-config says, and runs it.
# Defined by the caller: PREFIX, LIBDIR, WORK, COMPILER, FLAGS (a list).
set(ENV{PKG_CONFIG_PATH} ${PREFIX}/${LIBDIR}/pkgconfig)
execute_process(
  COMMAND ${PKG_CONFIG} --cflags --libs pushforward
  OUTPUT_VARIABLE answer OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
separate_arguments(answer UNIX_COMMAND "${answer}")
file(MAKE_DIRECTORY ${WORK})
execute_process(
  COMMAND ${COMPILER} -std=c++20 ${FLAGS} ${CMAKE_CURRENT_LIST_DIR}/client.cpp -o ${WORK}/client
          ${answer}
  COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${WORK}/client COMMAND_ERROR_IS_FATAL ANY)
