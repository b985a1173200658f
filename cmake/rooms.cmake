# One target per room of the house: rozmova_room(NAME SOURCES … USES …). A room sees only what it USES, so a wall that is
# crossed by an #include fails at the linker at the latest, and in tests/walls before that.

add_library(rozmova_flags INTERFACE)
target_compile_options(rozmova_flags INTERFACE
  -Wall -Wextra -Wconversion -Wshadow -Wnon-virtual-dtor -Werror -fno-omit-frame-pointer)
if(CMAKE_UNITY_BUILD) # several files are compiled as one, which g++ takes for one header with an anonymous namespace
  target_compile_options(rozmova_flags INTERFACE -Wno-subobject-linkage)
endif()
if(ROZMOVA_SANITIZE)
  # clang 14 cannot emit coroutines with its check of function pointers ("difference across sections"); g++ 12 thinks
  # that std::regex leaves functions uninitialised once AddressSanitizer has rewritten it.
  target_compile_options(rozmova_flags INTERFACE -fsanitize=${ROZMOVA_SANITIZE} -fno-sanitize-recover=all
    $<$<CXX_COMPILER_ID:Clang>:-fno-sanitize=function> $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(rozmova_flags INTERFACE -fsanitize=${ROZMOVA_SANITIZE})
endif()

function(rozmova_room name)
  cmake_parse_arguments(room "" "" "SOURCES;USES;PRIVATE_USES" ${ARGN})
  add_library(${name} STATIC ${room_SOURCES})
  target_include_directories(${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${name} PUBLIC ${room_USES} PRIVATE $<BUILD_INTERFACE:rozmova_flags> ${room_PRIVATE_USES})
endfunction()

# rozmova_test(NAME [APART] SOURCES … USES …): one GoogleTest program. APART: each file is compiled by itself, because their
# people and times have the same names.
function(rozmova_test name)
  cmake_parse_arguments(test "APART" "" "SOURCES;USES" ${ARGN})
  add_executable(${name} ${test_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${test_USES} rozmova_flags GTest::gtest GTest::gmock GTest::gtest_main)
  if(test_APART)
    set_target_properties(${name} PROPERTIES UNITY_BUILD OFF)
  endif()
  if(ROZMOVA_SANITIZE) # what is tested is optimised; the tests themselves compile a third faster when they are not
    target_compile_options(${name} PRIVATE -O0)
  endif()
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 300)
endfunction()
