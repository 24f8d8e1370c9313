# SRBENCH_PYTHON: a Python that reads results, for the tests and for the first line
# of the installed tools; empty where there is none. Debian's h5py belongs to
# /usr/bin/python3, which need not be the first one.
if(NOT SRBENCH_PYTHON)
    find_program(srb_path_python python3)
    mark_as_advanced(srb_path_python)
    foreach(candidate /usr/bin/python3 ${srb_path_python})
        execute_process(COMMAND ${candidate} -c "import h5py, numpy"
            RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
        if(NOT failed)
            set(SRBENCH_PYTHON ${candidate} CACHE FILEPATH
                "A Python that has h5py, numpy and pandas")
            break()
        endif()
    endforeach()
endif()
