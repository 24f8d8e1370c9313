# libyaml as LibYaml::LibYaml, to be included as <yaml.h>.
# Looked for in LIBYAML_ROOT (variable or environment), by pkg-config, and in
# the usual places.
find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
    pkg_check_modules(SRB_PC_YAML QUIET yaml-0.1)
endif()

set(srb_hints ${LIBYAML_ROOT} $ENV{LIBYAML_ROOT} ${SRB_PC_YAML_PREFIX})
find_path(LibYaml_INCLUDE_DIR yaml.h HINTS ${srb_hints}
    ${SRB_PC_YAML_INCLUDEDIR} PATH_SUFFIXES include)
find_library(LibYaml_LIBRARY yaml HINTS ${srb_hints}
    ${SRB_PC_YAML_LIBDIR} PATH_SUFFIXES lib lib64)
mark_as_advanced(LibYaml_INCLUDE_DIR LibYaml_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibYaml
    REQUIRED_VARS LibYaml_LIBRARY LibYaml_INCLUDE_DIR)

if(LibYaml_FOUND AND NOT TARGET LibYaml::LibYaml)
    add_library(LibYaml::LibYaml UNKNOWN IMPORTED)
    set_target_properties(LibYaml::LibYaml PROPERTIES
        IMPORTED_LOCATION ${LibYaml_LIBRARY}
        INTERFACE_INCLUDE_DIRECTORIES ${LibYaml_INCLUDE_DIR})
endif()
