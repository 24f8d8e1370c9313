# The rooms of src/, each a layer: a room may include and call what stands
# before it in this list, never what stands after it. From this one list come
# the object libraries room_X, the link of each room with those before it (see
# srb_link_rooms()), and the check of includes (test/lint/rooms.py reads it).
# src/README.md says what each is for.
set(SRB_ROOMS
    base options protocol plan wlm node ranks engine client servers measure
    figures sink results study run)

# Which rooms may include the header of a library outside srbench. MPI begins
# at ranks.
set(SRB_SEES_YAML options)
set(SRB_SEES_HIREDIS protocol client)
set(SRB_SEES_HWLOC node)
set(SRB_SEES_HDF5 sink)
set(SRB_SEES_MPI
    ranks engine client servers measure figures sink results study run)

set(srb_library_YAML LibYaml::LibYaml)
set(srb_library_HIREDIS Hiredis::Hiredis)
set(srb_library_HWLOC Hwloc::Hwloc)
set(srb_library_HDF5 srb_hdf5)
set(srb_library_MPI MPI::MPI_C)

# An object library does not hand on the objects of those it links: who uses a
# room names all of them.
foreach(room ${SRB_ROOMS})
    file(GLOB sources CONFIGURE_DEPENDS
        ${CMAKE_CURRENT_SOURCE_DIR}/src/${room}/*.c)
    add_library(room_${room} OBJECT ${sources})
    target_link_libraries(room_${room} PUBLIC srbench_flags Threads::Threads m)
    foreach(library YAML HIREDIS HWLOC HDF5 MPI)
        if(room IN_LIST SRB_SEES_${library})
            target_link_libraries(room_${room} PUBLIC
                ${srb_library_${library}})
        endif()
    endforeach()
    add_dependencies(room_${room} srb_version)
endforeach()

# srb_link_rooms(TARGET ROOM): link a target with this room and all before it,
# and with nothing else of srbench.
function(srb_link_rooms target last)
    foreach(room ${SRB_ROOMS})
        target_link_libraries(${target} PRIVATE room_${room})
        if(room STREQUAL last)
            break()
        endif()
    endforeach()
    add_dependencies(${target} srb_version)
endfunction()
