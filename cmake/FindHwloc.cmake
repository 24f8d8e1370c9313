# hwloc as Hwloc::Hwloc, to be included as <hwloc.h>.
# Looked for in HWLOC_ROOT (variable or environment), by pkg-config, and in the
# usual places.
find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
    pkg_check_modules(SRB_PC_HWLOC QUIET hwloc)
endif()

set(srb_hints ${HWLOC_ROOT} $ENV{HWLOC_ROOT} ${SRB_PC_HWLOC_PREFIX})
find_path(Hwloc_INCLUDE_DIR hwloc.h HINTS ${srb_hints}
    ${SRB_PC_HWLOC_INCLUDEDIR} PATH_SUFFIXES include)
find_library(Hwloc_LIBRARY hwloc HINTS ${srb_hints}
    ${SRB_PC_HWLOC_LIBDIR} PATH_SUFFIXES lib lib64)
# which may be in a folder of the architecture
find_path(Hwloc_CONFIG_DIR hwloc/autogen/config.h HINTS ${srb_hints}
    ${SRB_PC_HWLOC_INCLUDEDIR} PATH_SUFFIXES include)
mark_as_advanced(Hwloc_INCLUDE_DIR Hwloc_LIBRARY Hwloc_CONFIG_DIR)

if(Hwloc_CONFIG_DIR)
    file(STRINGS ${Hwloc_CONFIG_DIR}/hwloc/autogen/config.h srb_line
        REGEX "^#define HWLOC_VERSION \"" LIMIT_COUNT 1)
    string(REGEX MATCH "[0-9]+\\.[0-9]+(\\.[0-9]+)?" Hwloc_VERSION
        "${srb_line}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Hwloc
    REQUIRED_VARS Hwloc_LIBRARY Hwloc_INCLUDE_DIR
    VERSION_VAR Hwloc_VERSION)

if(Hwloc_FOUND AND NOT TARGET Hwloc::Hwloc)
    add_library(Hwloc::Hwloc UNKNOWN IMPORTED)
    set_target_properties(Hwloc::Hwloc PROPERTIES
        IMPORTED_LOCATION ${Hwloc_LIBRARY}
        INTERFACE_INCLUDE_DIRECTORIES ${Hwloc_INCLUDE_DIR})
endif()
