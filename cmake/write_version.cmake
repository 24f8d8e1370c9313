# Run by the target srb_version: SOURCE_DIR, OUTPUT, VERSION, GIT (may be empty).
cmake_policy(VERSION 3.20)

set(commit unknown)
# Without the test a tarball unpacked inside some other repository would be
# given that repository's commit. Git refuses what belongs to somebody else
# (root builds a user's tree) unless it is called safe: whoever builds it has
# run its build files by then.
if(EXISTS ${SOURCE_DIR}/.git)
    if(GIT)
        execute_process(
            COMMAND ${GIT} -c safe.directory=* describe --always --dirty
            WORKING_DIRECTORY ${SOURCE_DIR}
            OUTPUT_VARIABLE described
            RESULT_VARIABLE failed
            ERROR_VARIABLE said
            OUTPUT_STRIP_TRAILING_WHITESPACE)
    else()
        set(failed TRUE)
        set(said "git is not there")
    endif()
    if(NOT failed AND described)
        set(commit ${described})
    else()
        string(REGEX REPLACE "[ \n]+" " " said "${said}")
        string(STRIP "${said}" said)
        message(NOTICE "srbench --version and result files will not know the "
            "commit: ${said}")
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
