# Interface targets: bridge_code has the warnings and the hardening,
# bridge_flags the sanitizers on top; every target of ours links the latter,
# but for modules, which cannot do without a sanitizer's runtime in them.
# Flags a compiler lacks are left out (checked once).
include(CheckCCompilerFlag)

add_library(bridge_code INTERFACE)

set(warnings -Wall -Wextra -Werror -Wformat=2 -Wconversion -Wshadow
  -Wimplicit-fallthrough -Wpointer-arith -Wundef -Wvla -Wcast-qual)
set(warnings_c -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
  -Werror=implicit -Werror=incompatible-pointer-types -Werror=int-conversion)
set(hardening -fstack-protector-strong -fno-delete-null-pointer-checks
  -fno-strict-aliasing -fno-common)
set(hardening_try -fstack-clash-protection -fcf-protection=full
  -ftrivial-auto-var-init=zero -fstrict-flex-arrays=3 -Wtrampolines
  -Wbidi-chars=any -Wlogical-op -Wduplicated-cond)

target_compile_options(bridge_code INTERFACE ${warnings} ${hardening}
  "$<$<COMPILE_LANGUAGE:C>:${warnings_c}>")
# In a debug build what was never set stays so: valgrind tells of it there.
if(CMAKE_BUILD_TYPE STREQUAL "Debug")
  list(REMOVE_ITEM hardening_try -ftrivial-auto-var-init=zero)
endif()
foreach(flag ${hardening_try})
  string(MAKE_C_IDENTIFIER "has${flag}" has)
  check_c_compiler_flag("-Werror ${flag}" ${has})
  if(${has})
    target_compile_options(bridge_code INTERFACE
      "$<$<COMPILE_LANGUAGE:C>:${flag}>")
    list(APPEND hardening_had ${flag})
  endif()
endforeach()

target_compile_definitions(bridge_code INTERFACE _GNU_SOURCE
  BRIDGE_VERSION="${PROJECT_VERSION}")
target_link_options(bridge_code INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack
  -Wl,--as-needed -Wl,--no-copy-dt-needed-entries)

add_library(bridge_flags INTERFACE)
target_link_libraries(bridge_flags INTERFACE bridge_code)

if(BRIDGE_SANITIZE)
  # -O1: sanitizers and -Werror meet false "maybe uninitialized" at -O2.
  # -g1: a report names lines; who looks at variables has the preset debug.
  target_compile_options(bridge_flags INTERFACE -fsanitize=${BRIDGE_SANITIZE}
    -fno-sanitize-recover=all -fno-omit-frame-pointer -O1 -g1)
  target_link_options(bridge_flags INTERFACE -fsanitize=${BRIDGE_SANITIZE})
  # One runtime for all, as gcc has it: a program with one of its own, clang's
  # default, hangs behind a library that is loaded before it (faketime).
  if(CMAKE_C_COMPILER_ID STREQUAL "Clang" AND NOT BRIDGE_FUZZ)
    execute_process(COMMAND ${CMAKE_C_COMPILER} -print-runtime-dir
      OUTPUT_VARIABLE runtime OUTPUT_STRIP_TRAILING_WHITESPACE
      COMMAND_ERROR_IS_FATAL ANY)
    target_compile_options(bridge_flags INTERFACE -shared-libsan)
    target_link_options(bridge_flags INTERFACE -shared-libsan
      -Wl,-rpath,${runtime})
  endif()
elseif(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  # Fortifying is of optimised code. -fno-strict-overflow here only: it defines
  # what UBSan is to report.
  target_compile_options(bridge_code INTERFACE -U_FORTIFY_SOURCE
    -D_FORTIFY_SOURCE=3 -fno-strict-overflow)
endif()
if(BRIDGE_FUZZ)
  target_compile_options(bridge_flags INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(bridge_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# The program is optimised over the rooms' borders: their doors are many small
# functions. The libraries hold both kinds of code, so that the tests, of which
# there are many, link what was compiled as it stands.
add_library(bridge_whole INTERFACE)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND NOT BRIDGE_SANITIZE AND
    NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  target_compile_options(bridge_flags INTERFACE
    "$<$<COMPILE_LANGUAGE:C>:-flto=auto;-ffat-lto-objects>")
  target_link_options(bridge_flags INTERFACE
    "$<$<NOT:$<BOOL:$<TARGET_PROPERTY:WHOLE>>>:-fno-lto>")
  target_link_options(bridge_whole INTERFACE -flto=auto -O2 ${hardening}
    ${hardening_had} -fno-strict-overflow)
endif()
