# The target srb_version writes generated/srb_version.h in the build directory.
# It runs with every build, since a commit or an edit changes what git says
# without changing any file that a build depends on.
set(SRB_GENERATED_DIR ${CMAKE_CURRENT_BINARY_DIR}/generated)
# gfortran warns of a folder that is not there yet, with -Wextra
file(MAKE_DIRECTORY ${SRB_GENERATED_DIR})
find_package(Git QUIET)
add_custom_target(srb_version
    COMMAND ${CMAKE_COMMAND}
        -D SOURCE_DIR=${CMAKE_CURRENT_SOURCE_DIR}
        -D OUTPUT=${SRB_GENERATED_DIR}/srb_version.h
        -D VERSION=${PROJECT_VERSION}
        -D "GIT=${GIT_EXECUTABLE}"
        -P ${CMAKE_CURRENT_SOURCE_DIR}/cmake/write_version.cmake
    BYPRODUCTS ${SRB_GENERATED_DIR}/srb_version.h
    COMMENT "Asking git for the commit"
    VERBATIM)
