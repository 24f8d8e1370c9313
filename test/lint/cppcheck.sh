#!/usr/bin/env bash
# cppcheck on the program; what the compilers already say (unused functions,
# style) is not asked for. Not asked for either: a cast of the NULL that ends
# variable arguments (it is a pointer in C11 with glibc), readdir_r(), which
# glibc deprecates, and the older of two searches for unset variables, which
# takes a buffer that read() fills for one.
set -euo pipefail
cd "$(dirname "$0")/../.."

command -v cppcheck >/dev/null || { echo 'no cppcheck'; exit 77; }
cppcheck --quiet --std=c11 --enable=warning,performance,portability \
    --library=posix,gnu --inline-suppr --error-exitcode=1 -j 2 \
    --suppress=varFuncNullUB --suppress=readdirCalled \
    --suppress=legacyUninitvar \
    --suppress=missingInclude --suppress=unmatchedSuppression \
    -D_GNU_SOURCE -Iinclude -Isrc src tools
