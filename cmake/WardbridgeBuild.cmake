# Language level, warnings as errors, hardening, sanitizers, ccache and mold where present.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

set(WARDBRIDGE_SANITIZE "" CACHE STRING "sanitizers to build with, as -fsanitize takes them")
option(WARDBRIDGE_COVERAGE "instrument for gcovr" OFF)

# The sources of a target are compiled several at a time: half of the compiler's work is reading the same headers.
# `-D CMAKE_UNITY_BUILD=OFF` gives each source a translation unit of its own.
set(CMAKE_UNITY_BUILD ON CACHE BOOL "compile several sources as one")
set(CMAKE_UNITY_BUILD_BATCH_SIZE 12)
if(CMAKE_UNITY_BUILD)
  add_compile_options(-Wno-subobject-linkage)  # it takes every source for a header
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # Relative to the source tree, so that another checkout of the same sources finds what this one has compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
                                  ${CCACHE_PROGRAM})
endif()
find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM)
  add_link_options(-fuse-ld=mold)
endif()

# Statement expressions carry TRY (base/result.h), so -Wpedantic is the one warning group left out.
# Designated initialisers leave members to their defaults on purpose.
add_compile_options(-Wall -Wextra -Wno-missing-field-initializers -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Werror
                    -fstack-protector-strong -fno-omit-frame-pointer)

if(CMAKE_BUILD_TYPE STREQUAL "Debug")
  add_compile_options(-O1 -g1)
else()
  set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")  # no NDEBUG: CHECK and assert stay on
  add_compile_options(-D_FORTIFY_SOURCE=2)
  # g++ 12 reports these for std::string and std::variant code that is right, only when optimising.
  add_compile_options(-Wno-maybe-uninitialized -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds)
  add_link_options(-Wl,-z,relro,-z,now)
endif()
add_compile_definitions(_GLIBCXX_ASSERTIONS)

if(WARDBRIDGE_SANITIZE)
  # Instrumented code makes g++ 12 see uninitialised values in Result that are not there.
  add_compile_options(-Wno-maybe-uninitialized)
  add_compile_options(-fsanitize=${WARDBRIDGE_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${WARDBRIDGE_SANITIZE})
endif()
if(WARDBRIDGE_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()
