# Run by the target srb_version: SOURCE_DIR, OUTPUT, VERSION, GIT (may be empty).
cmake_policy(VERSION 3.20)

set(commit unknown)
# Without the test a tarball unpacked inside some other repository would be
# given that repository's commit.
if(GIT AND EXISTS ${SOURCE_DIR}/.git)
    execute_process(
        COMMAND ${GIT} describe --always --dirty
        WORKING_DIRECTORY ${SOURCE_DIR}
        OUTPUT_VARIABLE described
        RESULT_VARIABLE failed
        OUTPUT_STRIP_TRAILING_WHITESPACE
        ERROR_QUIET)
    if(NOT failed AND described)
        set(commit ${described})
    endif()
endif()

# Rewritten only when it changes: a new time stamp would compile files again.
file(CONFIGURE OUTPUT ${OUTPUT} @ONLY CONTENT
"/* Written by the build. */
#ifndef SRB_VERSION_H
#define SRB_VERSION_H

#define SRB_VERSION \"@VERSION@\"
#define SRB_GIT_COMMIT \"@commit@\"

#endif
")
