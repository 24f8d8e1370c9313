#!/usr/bin/env bash
# All C and C++ as .clang-format has it.
set -euo pipefail
cd "$(dirname "$0")/../.."

command -v clang-format >/dev/null || { echo 'no clang-format'; exit 77; }
find src include test tools \( -name '*.[ch]' -o -name '*.[ch]pp' \) -print0 |
    xargs -0 clang-format --dry-run --Werror
