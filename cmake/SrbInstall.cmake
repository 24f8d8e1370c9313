# What `cmake --install` brings, all of it relocatable:
#
#   bin/                   srbench, and the tools on results (links)
#   lib/, include/         the client library, its CMake package and pkg-config file
#   share/srbench/tools/   those tools with their Python package, examples, ci
#   share/srbench/batch_scripts/
#   share/doc/srbench/     the documents
#   share/man/, share/bash-completion/, share/zsh/   made of the table of options
#
# `srbench_product` builds what is needed for that and no tests.

# Libraries that are in no place the loader looks at are found where they were
# when it was built, as by an uninstalled srbench.
set_target_properties(srbench srb_tensor_client PROPERTIES
    INSTALL_RPATH_USE_LINK_PATH ON)
install(TARGETS srbench RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
add_custom_target(srbench_product DEPENDS srbench srb_tensor_client)

# --- the client library --------------------------------------------------------
# find_package(srb_tensor_client), or pkg-config, for programs that use it
# (tools/examples is one).
install(TARGETS srb_tensor_client EXPORT srb_tensor_client
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES include/srb/tensor_client.h include/srb/tensor_client.hpp
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/srb)
set(srb_pc_names srb_tensor_client)
if(SRB_HAVE_FORTRAN)
    add_dependencies(srbench_product srb_tensor_client_fortran)
    install(TARGETS srb_tensor_client_fortran EXPORT srb_tensor_client
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
    install(FILES ${CMAKE_CURRENT_BINARY_DIR}/fortran/srb_tensor_client.mod
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
    list(APPEND srb_pc_names srb_tensor_client_fortran)
endif()
set(srb_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/srb_tensor_client)
install(EXPORT srb_tensor_client NAMESPACE srb::
    FILE srb_tensor_client-config.cmake DESTINATION ${srb_package_dir})
include(CMakePackageConfigHelpers)
write_basic_package_version_file(
    ${CMAKE_CURRENT_BINARY_DIR}/srb_tensor_client-config-version.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES
    ${CMAKE_CURRENT_BINARY_DIR}/srb_tensor_client-config-version.cmake
    DESTINATION ${srb_package_dir})

# The prefix is seen from the file, so that --prefix may say another one;
# pkgconf minds its blanks.
set(srb_pc_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH srb_pc_up
    ${CMAKE_INSTALL_PREFIX}/${srb_pc_dir} ${CMAKE_INSTALL_PREFIX})
foreach(name ${srb_pc_names})
    set(libraries -lsrb_tensor_client)
    set(what "srbench's client in C and C++")
    if(name MATCHES fortran)
        set(libraries "-lsrb_tensor_client_fortran ${libraries}")
        set(what "srbench's client in Fortran")
    endif()
    file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/${name}.pc @ONLY CONTENT
"prefix=\${pcfiledir}/@srb_pc_up@

Name: @name@
Description: @what@
Version: @PROJECT_VERSION@
Libs: -L\${prefix}/@CMAKE_INSTALL_LIBDIR@ @libraries@
Cflags: -I\${prefix}/@CMAKE_INSTALL_INCLUDEDIR@
")
    install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${name}.pc
        DESTINATION ${srb_pc_dir})
endforeach()

# --- the tools -----------------------------------------------------------------
# Programs and modules lie together as they do here; Python looks where a link
# leads to.
set(srb_tools_dir ${CMAKE_INSTALL_DATADIR}/srbench/tools)
file(GLOB srb_tools CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR}
    tools/srbench-*)
file(GLOB srb_modules CONFIGURE_DEPENDS tools/srbench_*.py)
install(FILES ${srb_modules} DESTINATION ${srb_tools_dir})
install(DIRECTORY tools/srbench_report tools/examples tools/ci
    DESTINATION ${srb_tools_dir}
    PATTERN __pycache__ EXCLUDE PATTERN "*.md" EXCLUDE)
file(RELATIVE_PATH srb_tools_from_bin
    ${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}
    ${CMAKE_INSTALL_PREFIX}/${srb_tools_dir})
# The programs' Python is the one that can read results: the first in PATH is often
# another. (A first line has no blanks and a limited length; env finds one.)
set(srb_shebang "/usr/bin/env python3")
if(SRBENCH_PYTHON MATCHES "^/[^ ]+$")
    set(srb_shebang ${SRBENCH_PYTHON})
endif()
foreach(tool ${srb_tools})
    cmake_path(GET tool FILENAME name)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${tool})
    file(READ ${tool} text)
    string(REGEX REPLACE "^#![^\n]*" "#!${srb_shebang}" text "${text}")
    file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/installed/${name} "${text}")
    install(PROGRAMS ${CMAKE_CURRENT_BINARY_DIR}/installed/${name}
        DESTINATION ${srb_tools_dir})
    file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/links)
    # beside the program that is built, which names it, wherever that is
    file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR}/tools/${name}
        ${CMAKE_CURRENT_BINARY_DIR}/${name} SYMBOLIC)
    file(CREATE_LINK ${srb_tools_from_bin}/${name}
        ${CMAKE_CURRENT_BINARY_DIR}/links/${name} SYMBOLIC)
    install(FILES ${CMAKE_CURRENT_BINARY_DIR}/links/${name}
        DESTINATION ${CMAKE_INSTALL_BINDIR})
endforeach()

# --- documents, scripts --------------------------------------------------------
# Each in the folder that it has here, so that their links lead somewhere.
foreach(document
        README.md batch_scripts/README.md batch_scripts/SMARTSIM.md
        batch_scripts/STUDIES.md src/README.md test/README.md tools/README.md
        tools/bench/README.md tools/bench/RESULTS.md tools/ci/README.md
        tools/examples/README.md tools/report.png)
    cmake_path(GET document PARENT_PATH folder)
    install(FILES ${document} DESTINATION ${CMAKE_INSTALL_DOCDIR}/${folder})
endforeach()
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY batch_scripts
    DESTINATION ${CMAKE_INSTALL_DATADIR}/srbench PATTERN "*.md" EXCLUDE)

# --- pages ---------------------------------------------------------------------
# srbench makes them itself, of its table; --help starts no MPI.
if(CMAKE_CROSSCOMPILING)
    message(STATUS "no manual page and completions: srbench, which makes them, "
        "does not run here")
    return()
endif()
# srb_page(TOPIC NAME DESTINATION)
function(srb_page topic name destination)
    set(page ${CMAKE_CURRENT_BINARY_DIR}/pages/${topic}/${name})
    file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/pages/${topic})
    add_custom_command(OUTPUT ${page} DEPENDS srbench
        COMMAND srbench --help ${topic} > ${page} VERBATIM
        COMMENT "Making ${name} of the table of options")
    add_custom_target(page_${topic} ALL DEPENDS ${page})
    add_dependencies(srbench_product page_${topic})
    install(FILES ${page} DESTINATION ${destination})
endfunction()
srb_page(man srbench.1 ${CMAKE_INSTALL_MANDIR}/man1)
srb_page(bash srbench
    ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
srb_page(zsh _srbench ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
