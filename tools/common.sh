# shellcheck shell=bash
# Sourced by the scripts beside it.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# configure DIR ARGUMENT...: run CMake for a build directory of this tree. One
# that belongs to another tree (a copy, a moved clone) is configured anew.
configure() {
    local dir=$1 cache=$1/CMakeCache.txt
    shift
    if [ -f "$cache" ] &&
        ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$top" "$cache"; then
        rm -rf "$cache" "$dir/CMakeFiles"
    fi
    cmake -S "$top" -B "$dir" "$@"
}

# build DIR [TARGET]: compile on every core.
build() {
    cmake --build "$1" --parallel "$(nproc)" ${2:+--target "$2"}
}

# find_python: the name of a Python that has h5py.
find_python() {
    local python
    for python in /usr/bin/python3 python3; do
        if "$python" -c 'import h5py, numpy' 2>/dev/null; then
            echo "$python"
            return 0
        fi
    done
    return 1
}

# quietly COMMAND...: its output is shown only when it fails.
quietly() {
    local log status=0
    log=$(mktemp)
    "$@" >"$log" 2>&1 || status=$?
    [ "$status" -eq 0 ] || cat "$log" >&2
    rm -f "$log"
    return "$status"
}
