# Stand-in for Zephyr's CMake package: modules, prj.conf and the `app` target, for this machine.
project(Zephyr-Kernel LANGUAGES C)

file(STRINGS ${CMAKE_CURRENT_SOURCE_DIR}/prj.conf lines REGEX "^CONFIG_")
foreach(line ${lines})
    string(REGEX MATCH "^(CONFIG_[A-Z0-9_]+)=(.*)$" _ ${line})
    set(${CMAKE_MATCH_1} ${CMAKE_MATCH_2})
endforeach()

add_executable(app ${CMAKE_CURRENT_LIST_DIR}/kernel.c)
add_library(zephyr_interface INTERFACE)
target_include_directories(zephyr_interface INTERFACE ${CMAKE_CURRENT_LIST_DIR})
target_compile_options(zephyr_interface INTERFACE -Wall -Wextra -Werror)
target_link_libraries(app PRIVATE zephyr_interface)

function(zephyr_include_directories)
    foreach(folder ${ARGV})
        target_include_directories(zephyr_interface INTERFACE
            ${CMAKE_CURRENT_SOURCE_DIR}/${folder})
    endforeach()
endfunction()

macro(zephyr_library_named name)
    set(ZEPHYR_CURRENT_LIBRARY ${name})
    add_library(${name} STATIC)
    target_link_libraries(${name} PUBLIC zephyr_interface)
    target_link_libraries(app PRIVATE ${name})
endmacro()

function(zephyr_library_sources)
    target_sources(${ZEPHYR_CURRENT_LIBRARY} PRIVATE ${ARGV})
endfunction()

foreach(module ${EXTRA_ZEPHYR_MODULES})
    file(STRINGS ${module}/zephyr/module.yml name REGEX "^name: ")
    string(REPLACE "name: " "" name ${name})
    file(STRINGS ${module}/zephyr/module.yml folder REGEX "^  cmake: ")
    string(REPLACE "  cmake: " "" folder ${folder})
    add_subdirectory(${module}/${folder} modules/${name})
endforeach()
