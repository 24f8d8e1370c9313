#!/usr/bin/env bash
# hdf5_parallel.sh BUILD: the program builds with a parallel HDF5 as well.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
dir=$1/lint-hdf5-parallel

command -v h5pcc >/dev/null || { echo 'no parallel HDF5 (h5pcc)'; exit 77; }
cmake -S "$top" -B "$dir" -DHDF5_PREFER_PARALLEL=ON -DBUILD_TESTING=OFF \
    -DSRBENCH_WERROR=ON >"$dir.log" || { cat "$dir.log"; exit 1; }
grep -q 'HDF5 .*, parallel:' "$dir.log" ||
    { echo 'asked for a parallel HDF5, got:'; cat "$dir.log"; exit 1; }
cmake --build "$dir" --parallel "$(nproc)"
"$dir/srbench" --version
