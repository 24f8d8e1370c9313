# Everything that srbench is built on; each missing piece ends the
# configuration with one message that says what to do about it.

# srb_missing(NAME what-was-looked-for debian-package spack-package variable)
function(srb_missing name looked debian spack variable)
    message(FATAL_ERROR
        "srbench needs ${name}, which was not found.\n"
        "  looked for: ${looked}\n"
        "  Debian, Ubuntu: apt-get install ${debian}\n"
        "  Spack: spack install ${spack} && spack load ${spack}\n"
        "  elsewhere on this machine: ${variable}\n"
        "(tools/deps.sh installs what is missing. After a change of variables "
        "delete ${CMAKE_BINARY_DIR}/CMakeCache.txt.)\n")
endfunction()

# --- threads, of the built-in server ------------------------------------------
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

# --- MPI ---------------------------------------------------------------------
# Where Debian has several, mpicc is one of them by an alternative, most often
# Open MPI; MPICH is what srbench is tried with most. MPI_C_COMPILER or MPI_HOME
# choose. mpiexec is that of the same one.
if(NOT MPI_C_COMPILER AND NOT MPI_HOME AND NOT DEFINED ENV{MPI_HOME})
    find_program(srb_mpicc mpicc)
    mark_as_advanced(srb_mpicc)
    if(EXISTS "${srb_mpicc}.mpich")
        set(MPI_C_COMPILER ${srb_mpicc}.mpich CACHE FILEPATH "MPI's compiler")
    endif()
endif()
if(MPI_C_COMPILER MATCHES "^(.*/)?mpicc(\\.[a-z]+)$")
    find_program(MPIEXEC_EXECUTABLE mpiexec${CMAKE_MATCH_2} mpiexec
        HINTS ${CMAKE_MATCH_1})
endif()
find_package(MPI QUIET COMPONENTS C)
if(NOT MPI_C_FOUND)
    srb_missing("MPI for C" "a working mpicc, and mpi.h with its library"
        "mpich libmpich-dev" mpich
        "put its mpicc into PATH, or -DMPI_C_COMPILER=/path/bin/mpicc")
endif()
if(MPI_C_VERSION AND MPI_C_VERSION VERSION_LESS 3.0)
    message(FATAL_ERROR "srbench needs MPI 3.0 or newer; "
        "${MPI_C_COMPILER} is of version ${MPI_C_VERSION}. "
        "Choose another with -DMPI_C_COMPILER=/path/bin/mpicc")
endif()

# --- hiredis, 0.14 or newer --------------------------------------------------
find_package(Hiredis 0.14 QUIET)
if(NOT Hiredis_FOUND)
    set(found "")
    if(Hiredis_VERSION)
        set(found " (found version ${Hiredis_VERSION} in \
${Hiredis_INCLUDE_DIR}, too old)")
    endif()
    srb_missing("hiredis 0.14 or newer${found}"
        "pkg-config's hiredis, hiredis/hiredis.h, libhiredis"
        libhiredis-dev hiredis "-DHIREDIS_ROOT=/path/of/its/prefix")
endif()
option(SRBENCH_TLS "Use TLS where hiredis was built with it" ON)
set(srb_tls "without TLS")
if(SRBENCH_TLS AND TARGET Hiredis::Ssl)
    set(srb_tls "with TLS")
endif()

# --- libyaml -----------------------------------------------------------------
find_package(LibYaml QUIET)
if(NOT LibYaml_FOUND)
    srb_missing("libyaml" "pkg-config's yaml-0.1, yaml.h, libyaml"
        libyaml-dev libyaml "-DLIBYAML_ROOT=/path/of/its/prefix")
endif()

# --- hwloc, 2.0 or newer -----------------------------------------------------
find_package(Hwloc 2.0 QUIET)
if(NOT Hwloc_FOUND)
    set(found "")
    if(Hwloc_VERSION)
        set(found " (found version ${Hwloc_VERSION} in \
${Hwloc_INCLUDE_DIR}, too old)")
    endif()
    srb_missing("hwloc 2.0 or newer${found}"
        "pkg-config's hwloc, hwloc.h, libhwloc"
        libhwloc-dev hwloc "-DHWLOC_ROOT=/path/of/its/prefix")
endif()

# --- HDF5, C and HL ----------------------------------------------------------
# FindHDF5 asks the compiler wrappers; where only a parallel one (h5pcc) is
# installed it is taken without being preferred.
find_package(HDF5 1.10 QUIET COMPONENTS C HL)
if(NOT HDF5_FOUND OR NOT HDF5_C_LIBRARIES OR NOT HDF5_C_HL_LIBRARIES)
    srb_missing("HDF5 1.10 or newer with its high-level library (C)"
        "h5cc or h5pcc, hdf5.h, hdf5_hl.h, libhdf5, libhdf5_hl"
        libhdf5-dev "hdf5+hl" "-DHDF5_ROOT=/path/of/its/prefix")
endif()
add_library(srb_hdf5 INTERFACE)
target_include_directories(srb_hdf5 SYSTEM INTERFACE ${HDF5_INCLUDE_DIRS})
target_link_libraries(srb_hdf5 INTERFACE
    ${HDF5_C_HL_LIBRARIES} ${HDF5_C_LIBRARIES})
if(HDF5_IS_PARALLEL)
    # its hdf5.h includes mpi.h
    target_link_libraries(srb_hdf5 INTERFACE MPI::MPI_C)
    set(srb_hdf5_kind parallel)
else()
    set(srb_hdf5_kind serial)
endif()

message(STATUS
    "MPI ${MPI_C_VERSION}: ${MPI_C_COMPILER}, ${MPIEXEC_EXECUTABLE}")
message(STATUS "hiredis ${Hiredis_VERSION}, ${srb_tls}: ${Hiredis_LIBRARY}")
message(STATUS "libyaml: ${LibYaml_LIBRARY}")
message(STATUS "hwloc ${Hwloc_VERSION}: ${Hwloc_LIBRARY}")
message(STATUS "HDF5 ${HDF5_VERSION}, ${srb_hdf5_kind}: ${HDF5_INCLUDE_DIRS}")
