# C++ and Fortran are optional: each has a loop of its own (src/measure/loop_*) where there
# is a compiler for it. Sets SRB_HAVE_CPP and SRB_HAVE_FORTRAN.
# -DCMAKE_CXX_COMPILER=NOTFOUND and -DCMAKE_Fortran_COMPILER=NOTFOUND leave one
# out that is there.
include(CheckLanguage)

# srb_language(LANG NAME PACKAGE RESULT)
macro(srb_language lang name package result)
    check_language(${lang})
    set(${result} OFF)
    if(CMAKE_${lang}_COMPILER)
        enable_language(${lang})
        set(${result} ON)
        message(STATUS "languages has ${name}: ${CMAKE_${lang}_COMPILER}")
    else()
        message(STATUS "languages has no ${name}: no ${lang} compiler was "
            "found (Debian and Spack: ${package}, variable: "
            "CMAKE_${lang}_COMPILER)")
    endif()
endmacro()

if(SRBENCH_FUZZ)
    # its targets are C, and linked by clang with libFuzzer
    set(SRB_HAVE_CPP OFF)
    set(SRB_HAVE_FORTRAN OFF)
else()
    srb_language(CXX cpp g++ SRB_HAVE_CPP)
    srb_language(Fortran fortran gfortran SRB_HAVE_FORTRAN)
endif()

# Sanitizers of two makers do not live in one program. Fortran is linked with
# them and not instrumented.
if(SRB_HAVE_CPP AND SRBENCH_SANITIZE
        AND NOT CMAKE_CXX_COMPILER_ID STREQUAL CMAKE_C_COMPILER_ID)
    message(STATUS "languages has no cpp: ${CMAKE_CXX_COMPILER} has other "
        "sanitizers than ${CMAKE_C_COMPILER}")
    set(SRB_HAVE_CPP OFF)
endif()

# Only a Fortran that has arguments of any rank (2018) has the module.
if(SRB_HAVE_FORTRAN)
    include(CheckFortranSourceCompiles)
    check_fortran_source_compiles("
subroutine put(tensor)
    use, intrinsic :: iso_c_binding
    real(c_float), intent(in), contiguous, target :: tensor(..)
    type(c_ptr) :: at
    at = c_loc(tensor)
    if (findloc([size(tensor)], 1, dim=1) > 0) return
end subroutine put
end" SRB_FORTRAN_2018 SRC_EXT f90)
    if(NOT SRB_FORTRAN_2018)
        message(STATUS "languages has no fortran: ${CMAKE_Fortran_COMPILER} "
            "is too old for arguments of any rank (gfortran 9 will do)")
        set(SRB_HAVE_FORTRAN OFF)
    endif()
endif()
