#!/usr/bin/env python3
"""A file includes only lower layers, and each library is seen by few.

Prints one sentence for each violation; exit status 1 if there is any.
"""
import re
import sys
from pathlib import Path

# Layer of each module. src/X.c, src/X_part.c, src/X/*.c and include/srb/X.h
# belong to module X.
LAYERS = {
    0: "error diag tick units field nearest utf8 quote hostlist features sha256",
    1: "options machine keys tensor samples cpus floor json ending secret needs lock",
    2: "sweep roster eligible auth commands modules",
    3: "place expect budget tls",
    4: "wave proc watch scratch control engine client sink topology team clock discover guard wlm netif facts",
    5: "db load collect figures tensor_client lang language",
    6: "repeats record report run",
    7: "main",
}

# Files that are part of a module and not named for it.
PARTS = {"prepare": "run", "collapse": "run", "setup": "run", "floors": "run",
         "judge": "run",
         "pin": "run", "far": "run", "choose": "run", "preflight": "run", "ports": "run", "serve": "run",
         "lifeline": "run", "batch": "run",
         "loop": "load"}

# Inside a layer a module includes only these others of it, and never in a
# circle.
SIDEWAYS = {
    "units": {"error"},
    "field": {"diag"},
    "hostlist": {"diag", "error"},
    "features": {"error"},
    "keys": {"options"},
    "floor": {"secret"},
    "discover": {"facts", "netif", "team", "topology", "wlm"},
    "clock": {"team"},
    "guard": {"proc", "scratch"},
    "engine": {"control", "proc"},
    "wlm": {"proc"},
    "client": {"control"},
    "collect": {"db", "load"},
    "load": {"tensor_client"},
    "lang": {"load", "tensor_client"},
    "language": {"load"},
    "record": {"repeats"},
    "report": {"record"},
    "run": {"record", "repeats", "report"},
}

# Who may include the header of a library: glob patterns.
LIBRARIES = {
    "hiredis": ["src/client/*.c", "src/client/connect.h", "src/control.c",
                "src/engine/*.c", "src/tls.c"],
    "hdf5": ["src/sink/*"],
    "hwloc": ["src/topology.c"],
    "mpi": ["src/main.c"],  # and every module from MPI_LAYER up
    "yaml": ["src/options*.c"],
}
MPI_LAYER = 4

# A library by its header: <hiredis/async.h> is hiredis, <hdf5_hl.h> is hdf5.
HEADERS = {
    r"hiredis(/.*)?(\.h)?": "hiredis",
    r"(hdf5|hdf5_hl|H5[A-Za-z]*)\.h": "hdf5",
    r"hwloc(/.*)?(\.h)?": "hwloc",
    r"mpi\.h": "mpi",
    r"yaml\.h": "yaml",
}

TOP = Path(__file__).resolve().parents[2]
LAYER = {module: layer for layer, names in LAYERS.items()
         for module in names.split()}
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')


def module_of(path):
    """The module that a source or header belongs to, or None."""
    parts = path.relative_to(TOP).parts
    name = parts[1] if parts[0] == "src" and len(parts) > 2 else path.stem
    name = PARTS.get(name, name)
    while name not in LAYER and "_" in name:
        name = name.rpartition("_")[0]
    return name if name in LAYER else None


def library_of(header):
    for pattern, library in HEADERS.items():
        if re.fullmatch(pattern, header):
            return library
    return None


def check_library(path, module, library):
    rel = path.relative_to(TOP)
    if any(rel.match(p) for p in LIBRARIES[library]):
        return None
    if library == "mpi" and LAYER[module] >= MPI_LAYER:
        return None
    allowed = ", ".join(LIBRARIES[library])
    if library == "mpi":
        allowed += f", modules of layer {MPI_LAYER} and up"
    return f"includes the header of {library}, which only {allowed} may"


def check_module(module, other):
    if other == module or LAYER[other] < LAYER[module]:
        return None
    if LAYER[other] > LAYER[module]:
        return (f"includes {other} of layer {LAYER[other]}, but {module} is of "
                f"layer {LAYER[module]} and may include lower layers only")
    if other in SIDEWAYS.get(module, ()):
        return None
    return (f"includes {other}, which is of the same layer "
            f"{LAYER[module]} as {module}; SIDEWAYS does not allow that")


def check_include(path, module, header):
    library = library_of(header)
    if library:
        return check_library(path, module, library)
    target = TOP / "include" / header
    if not target.exists():
        target = path.parent / header
        if not target.exists():  # the C library, or generated
            return None
    other = module_of(target.resolve())
    if other is None:
        return f"includes {header}, whose module is in no layer"
    return check_module(module, other)


def check_file(path):
    module = module_of(path)
    rel = path.relative_to(TOP)
    if module is None:
        return [f"{rel}: its module is in no layer; add it to LAYERS in "
                f"test/lint/layers.py"]
    found = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = INCLUDE.match(line)
        wrong = match and check_include(path, module, match.group(1))
        if wrong:
            found.append(f"{rel}:{number}: {wrong}")
    return found


def circles():
    """Modules that reach themselves through SIDEWAYS."""
    found = []
    for start in SIDEWAYS:
        seen, todo = set(), [start]
        while todo:
            for other in SIDEWAYS.get(todo.pop(), ()):
                if other == start:
                    found.append(f"SIDEWAYS leads from {start} back to itself")
                if other not in seen:
                    seen.add(other)
                    todo.append(other)
    return found


def main():
    files = sorted([f for d in ("src", "include")
                   for f in TOP.glob(f"{d}/**/*.*")
                   if f.suffix in (".c", ".h", ".cpp", ".hpp")])
    found = circles() + [w for f in files for w in check_file(f)]
    print("\n".join(found) or f"{len(files)} files keep to their layers")
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main())
