#!/usr/bin/env bash
# tidy.sh BUILD [deep]: clang-tidy (.clang-tidy) on the sources of the program and
# its tools, with the compile commands of a build directory.
#
# Four fifths of its time are the analyzer's (clang-analyzer-*), which runs only
# where it is to go deep. Left out of C are then three checks that are about C++, and
# one that clang has as a warning (warnings.sh asks for it): each of them looks at all
# that mpi.h and hdf5.h declare, and together they were half of the rest.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$1
deep=${2-}

command -v clang-tidy >/dev/null || { echo 'no clang-tidy'; exit 77; }

# tidy N ARGUMENT...: N files a process. The counts of hidden warnings on standard
# error are noise; what does not compile is told on standard output.
tidy() {
    xargs -0 -n "$1" -P "$(nproc)" \
        clang-tidy -p "$build" --quiet "${@:2}" 2>/dev/null
}

if [ "$deep" = deep ]; then
    # one process a file, since several in one share state in the analyzer, which
    # then finds what is not there; error.c defines what analyzer.h redefines
    find src tools -name '*.c' ! -path src/base/error.c -print0 |
        tidy 1 "--extra-arg=-I$PWD/src" \
            "--extra-arg=-include$PWD/test/lint/analyzer.h"
    printf 'src/base/error.c\0' | tidy 1
else
    less='-clang-analyzer-*'
    for_c=$less,-bugprone-dangling-handle,-bugprone-sizeof-container
    for_c+=,-misc-unused-using-decls,-bugprone-reserved-identifier
    find src tools -name '*.c' -print0 | tidy 8 "--checks=$for_c"
fi
# C++ of a build that had no compiler for it has no compile command
if grep -q '\.cpp"' "$build/compile_commands.json"; then
    find src tools -name '*.cpp' -print0 | tidy 1 "--checks=${less-}"
fi
