# wardbridge_room(<path under src> [LINKS <room or library>...] [TEST_LINKS <library>...] [ON_POSTGRESQL <gtest filter>])
#
# A room is a folder with one public header named after it. Its sources become the static library
# `<path with _ for />`, its *_test.cc files become one test program `<library>_test`, run by ctest.
# A room may only link what it declares; tools/tidy checks that its #includes say the same.
# ON_POSTGRESQL: those tests run a second time, as `<library>_postgres`, with stores on a real server
# (tests/support/empty_store.h). By hand, all of them: WARDBRIDGE_TEST_STORE=postgresql <program>.

function(wardbridge_room path)
  cmake_parse_arguments(ROOM "" "ON_POSTGRESQL" "LINKS;TEST_LINKS" ${ARGN})
  string(REPLACE "/" "_" name ${path})
  set(folder ${CMAKE_SOURCE_DIR}/src/${path})
  file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.cc)
  file(GLOB tests CONFIGURE_DEPENDS ${folder}/*_test.cc)
  if(tests)
    list(REMOVE_ITEM sources ${tests})
  endif()
  if(sources)
    add_library(${name} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(${name} ${scope} ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(${name} ${scope} ${ROOM_LINKS})
  if(tests)
    add_executable(${name}_test ${tests})
    target_include_directories(${name}_test PRIVATE ${CMAKE_SOURCE_DIR}/tests)
    wardbridge_test_options(${name}_test)
    target_link_libraries(${name}_test PRIVATE ${name} ${ROOM_TEST_LINKS} GTest::gmock_main)
    add_test(NAME ${name} COMMAND ${name}_test --gtest_brief=1 WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(${name} PROPERTIES TIMEOUT 300)
    if(ROOM_ON_POSTGRESQL)
      target_link_libraries(${name}_test PRIVATE tests_support)
      wardbridge_test_on_postgresql(${name} ${name}_test "${ROOM_ON_POSTGRESQL}")
    endif()
  endif()
endfunction()

# Tests of a program a second time, with their stores on PostgreSQL.
function(wardbridge_test_on_postgresql name program filter)
  add_test(NAME ${name}_postgres COMMAND ${program} --gtest_brief=1 --gtest_filter=${filter}
           WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name}_postgres PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77
                       ENVIRONMENT WARDBRIDGE_TEST_STORE=postgresql)
endfunction()

# What a test measures does not depend on how fast the test's own code is, so compiling that is kept cheap.
function(wardbridge_test_options target)
  if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
    target_compile_options(${target} PRIVATE -O0 -g0 -U_FORTIFY_SOURCE)
  endif()
endfunction()
