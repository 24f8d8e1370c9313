#!/usr/bin/env python3
"""Rooms of src/ include only rooms before them, without a circle inside one.

The order, and which room may see which library, stand in cmake/SrbRooms.cmake.
Prints one sentence for each violation; exit status 1 if there is any.
`rooms.py BUILD` looks at who calls whom in the objects of a build directory,
too. That no room calls a later one is for the linker to say (rooms_to_X in
test/CMakeLists.txt).
"""
import os
import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]

# A library by its header.
HEADERS = {
    "HIREDIS": r"hiredis(/.*)?(\.h)?",
    "HDF5": r"(hdf5|hdf5_hl|H5[A-Za-z]*)\.h",
    "HWLOC": r"hwloc(/.*)?(\.h)?",
    "MPI": r"mpi\.h",
    "YAML": r"yaml\.h",
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def lists():
    """The lists of SrbRooms.cmake by name."""
    text = (TOP / "cmake/SrbRooms.cmake").read_text(encoding="utf-8")
    return {name: words.split() for name, words
            in re.findall(r"^set\((SRB_\w+)\s+([^)$]*)\)", text, re.M)}


LISTS = lists()
ORDER = LISTS["SRB_ROOMS"] + ["main.c"]


def room_of(path):
    """The room of a file of src/, or None; "main.c" for that."""
    parts = path.relative_to(TOP).parts
    return parts[1] if parts[0] == "src" and parts[1] in ORDER else None


def check_library(room, header):
    for library, pattern in HEADERS.items():
        allowed = LISTS[f"SRB_SEES_{library}"]
        if re.fullmatch(pattern, header) and room not in allowed \
                and not (room == "main.c" and library == "MPI"):
            return (f"includes the header of {library}, which only "
                    f"{', '.join(allowed)} may")
    return None


def target_of(path, header):
    """The file of this tree that a line in quotes includes, or None."""
    for folder in (path.parent, TOP / "src", TOP / "include"):
        found = Path(os.path.normpath(folder / header))
        if found.is_file():
            return found
    return None


def check_include(path, room, quote, header):
    """What is wrong with it, and the file of the same room it leads to."""
    wrong = check_library(room, header)
    target = target_of(path, header) if quote == '"' else None
    if wrong or target is None or not target.is_relative_to(TOP / "src"):
        return wrong, None
    other = room_of(target)
    if str(target.relative_to(TOP / "src")) != header:
        wrong = f'is spelt "{header}", not from src/ on'
    if other is None:
        wrong = f"includes {header}, which is in no room"
    elif ORDER.index(other) > ORDER.index(room):
        wrong = (f"includes {header}, but {other} comes after {room} in "
                 f"cmake/SrbRooms.cmake")
    return wrong, target if other == room else None


def check_file(path, graph):
    room, rel = room_of(path), path.relative_to(TOP)
    if room is None:
        return [f"{rel}: in no room of cmake/SrbRooms.cmake"]
    text = path.read_text(encoding="utf-8")
    found = []
    for match in INCLUDE.finditer(text):
        line = text.count("\n", 0, match.start(2)) + 1
        wrong, inside = check_include(path, room, *match.groups())
        if wrong:
            found.append(f"{rel}:{line}: {wrong}")
        if inside:
            graph.setdefault(str(rel), set()).add(str(inside.relative_to(TOP)))
    return found


def objects(build):
    """The object files of the rooms: "room/module" and what nm says of it."""
    for path in Path(build).glob("CMakeFiles/*.dir/src/*/*.o"):
        if re.match(r"(room_|srb_loops)", path.parts[-4]):
            said = subprocess.run(["nm", path], text=True, check=True,
                                  encoding="utf-8", stdout=subprocess.PIPE)
            yield (f"{path.parts[-2]}/{path.name.partition('.')[0]}",
                   [line.split()[-2:] for line in said.stdout.splitlines()])


def calls(build):
    """Who calls whom inside a room, as the objects have it."""
    needs, home = {}, {}
    for module, symbols in objects(build):
        needs[module] = {name for kind, name in symbols if kind == "U"}
        home.update({name: module for kind, name in symbols if kind in "TDBR"})
    graph = {}
    for module, names in needs.items():
        others = {home[n] for n in names if n in home} - {module}
        graph[module] = {o for o in others
                         if o.partition("/")[0] == module.partition("/")[0]}
    return graph


def circles(graph, what):
    """One sentence for each circle, by the first that reaches itself."""
    found, told = [], set()
    for start in sorted(graph):
        seen, todo = {start}, [[start]]
        while todo and start not in told:
            way = todo.pop()
            for other in graph.get(way[-1], set()):
                if other == start:
                    told.update(way)
                    found.append(f"{what} in a circle inside a room: "
                                 f"{' -> '.join(way + [start])}")
                elif other not in seen:
                    seen.add(other)
                    todo.append(way + [other])
    return found


def main():
    files = sorted(f for f in (TOP / "src").rglob("*.*")
                   if f.suffix in (".c", ".h", ".cpp", ".hpp"))
    graph = {}
    found = [w for f in files for w in check_file(f, graph)] \
        + circles(graph, "include")
    if len(sys.argv) > 1:
        found += circles(calls(sys.argv[1]), "call")
    print("\n".join(found) or f"{len(files)} files keep to their rooms")
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main())
