#!/usr/bin/env bash
# tidy.sh BUILD [deep]: clang-tidy (.clang-tidy) on the sources of the program and
# its tools, with the compile commands of a build directory.
#
# Most of its time is the analyzer's (clang-analyzer-*). Unless it is to go deep it
# follows calls only into what is small, and gives up a function of which it has seen
# so many states (its options "mode" and "max-nodes", AnalyzerOptions.def).
# Left out of C are then three checks that are about C++, and one that clang has as a
# warning (warnings.sh asks for it): each of them looks at all that mpi.h and hdf5.h
# declare.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$1
shallow=()
for_c=()
if [ "${2-}" != deep ]; then
    for word in -analyzer-config mode=shallow -analyzer-config max-nodes=4000; do
        shallow+=("--extra-arg=-Xclang" "--extra-arg=$word")
    done
    less=-bugprone-dangling-handle,-bugprone-sizeof-container
    less+=,-misc-unused-using-decls,-bugprone-reserved-identifier
    for_c=("--checks=$less")
fi

command -v clang-tidy >/dev/null || { echo 'no clang-tidy'; exit 77; }

# tidy ARGUMENT...: one process a file, since several in one share state in the
# analyzer, which then finds what is not there. The counts of hidden warnings on
# standard error are noise; what does not compile is told on standard output.
tidy() {
    xargs -0 -n 1 -P "$(nproc)" \
        clang-tidy -p "$build" --quiet "${shallow[@]}" "$@" 2>/dev/null
}

# error.c defines what analyzer.h redefines
find src tools -name '*.c' ! -path src/base/error.c -print0 |
    tidy "${for_c[@]}" "--extra-arg=-I$PWD/src" \
        "--extra-arg=-include$PWD/test/lint/analyzer.h"
printf 'src/base/error.c\0' | tidy "${for_c[@]}"
# C++ of a build that had no compiler for it has no compile command
if grep -q '\.cpp"' "$build/compile_commands.json"; then
    find src tools -name '*.cpp' -print0 | tidy
fi
