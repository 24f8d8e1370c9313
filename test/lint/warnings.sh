#!/usr/bin/env bash
# warnings.sh COMPILER BUILD: program and tests compile without a warning.
# Optimised, since some warnings come from the optimiser alone.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
cc=$1
dir=$2/lint-$cc

command -v "$cc" >/dev/null || { echo "no $cc"; exit 77; }
cmake -S "$top" -B "$dir" -DCMAKE_C_COMPILER="$cc" -DSRBENCH_WERROR=ON \
    -DSRBENCH_NO_LINTS=ON -DCMAKE_BUILD_TYPE=Release >"$dir.log" ||
    { cat "$dir.log"; exit 1; }
cmake --build "$dir" --parallel "$(nproc)"
