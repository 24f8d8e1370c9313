# hiredis as Hiredis::Hiredis, to be included as <hiredis/hiredis.h>: that works
# with 0.14 and 1.x, and wherever their pkg-config files point.
# Looked for in HIREDIS_ROOT (variable or environment), by pkg-config, and in
# the usual places.
find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
    pkg_check_modules(SRB_PC_HIREDIS QUIET hiredis)
endif()

set(srb_hints ${HIREDIS_ROOT} $ENV{HIREDIS_ROOT} ${SRB_PC_HIREDIS_PREFIX})
find_path(Hiredis_INCLUDE_DIR hiredis/hiredis.h HINTS ${srb_hints}
    ${SRB_PC_HIREDIS_INCLUDEDIR} PATH_SUFFIXES include)
find_library(Hiredis_LIBRARY hiredis HINTS ${srb_hints}
    ${SRB_PC_HIREDIS_LIBDIR} PATH_SUFFIXES lib lib64)
mark_as_advanced(Hiredis_INCLUDE_DIR Hiredis_LIBRARY)

if(Hiredis_INCLUDE_DIR)
    file(STRINGS ${Hiredis_INCLUDE_DIR}/hiredis/hiredis.h srb_lines
        REGEX "^#define HIREDIS_(MAJOR|MINOR|PATCH) [0-9]+")
    string(REGEX REPLACE "[^0-9;]+" "" srb_numbers "${srb_lines}")
    list(JOIN srb_numbers "." Hiredis_VERSION)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Hiredis
    REQUIRED_VARS Hiredis_LIBRARY Hiredis_INCLUDE_DIR
    VERSION_VAR Hiredis_VERSION)

if(Hiredis_FOUND AND NOT TARGET Hiredis::Hiredis)
    add_library(Hiredis::Hiredis UNKNOWN IMPORTED)
    set_target_properties(Hiredis::Hiredis PROPERTIES
        IMPORTED_LOCATION ${Hiredis_LIBRARY}
        INTERFACE_INCLUDE_DIRECTORIES ${Hiredis_INCLUDE_DIR})
endif()
