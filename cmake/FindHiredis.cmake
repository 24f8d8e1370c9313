# hiredis as Hiredis::Hiredis, to be included as <hiredis/hiredis.h>: that works
# with 0.14 and 1.x, and wherever their pkg-config files point.
# Looked for in HIREDIS_ROOT (variable or environment), by pkg-config, and in
# the usual places. Where it was built with SSL, which takes 1.0 and OpenSSL,
# Hiredis::Ssl is its part for TLS.
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

# The two must be of one build: beside each other.
if(Hiredis_FOUND AND NOT Hiredis_VERSION VERSION_LESS 1.0)
    get_filename_component(srb_place ${Hiredis_LIBRARY} DIRECTORY)
    find_library(Hiredis_SSL_LIBRARY hiredis_ssl HINTS ${srb_place}
        NO_DEFAULT_PATH)
    find_file(Hiredis_SSL_HEADER hiredis/hiredis_ssl.h
        HINTS ${Hiredis_INCLUDE_DIR} NO_DEFAULT_PATH)
    mark_as_advanced(Hiredis_SSL_LIBRARY Hiredis_SSL_HEADER)
    find_package(OpenSSL 1.1 QUIET)
    if(Hiredis_SSL_LIBRARY AND Hiredis_SSL_HEADER AND OPENSSL_FOUND AND
            NOT TARGET Hiredis::Ssl)
        add_library(Hiredis::Ssl UNKNOWN IMPORTED)
        set_target_properties(Hiredis::Ssl PROPERTIES
            IMPORTED_LOCATION ${Hiredis_SSL_LIBRARY}
            INTERFACE_LINK_LIBRARIES
                "Hiredis::Hiredis;OpenSSL::SSL;OpenSSL::Crypto")
    endif()
endif()
