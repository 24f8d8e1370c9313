#!/usr/bin/env bash
# quickstart.sh: from a fresh machine to a first result.
#
# Installs what is missing, builds srbench in build/, runs it on four ranks of
# this machine (a sweep of tensor sizes, put to and got from a Redis that it
# starts and stops itself) and shows what the result file holds.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

say() {
    printf '\n== %s\n' "$*"
}

say 'what srbench needs'
"$top/tools/deps.sh" run

say 'build'
# tests stay as they are where somebody has built them here
tests=()
[ -f "$top/build/CMakeCache.txt" ] || tests=(-DBUILD_TESTING=OFF)
quietly configure "$top/build" -DCMAKE_BUILD_TYPE=RelWithDebInfo "${tests[@]}"
quietly build "$top/build" srbench
"$top/build/srbench" --version

output=$top/results/quickstart/run-$(date +%Y%m%d-%H%M%S).h5
launcher=${MPIEXEC:-mpiexec}
say "$launcher -n 4 build/srbench"
"$launcher" -n 4 "$top/build/srbench" --output="$output"

say "the same in Python: $output"
python=$(find_python) || {
    echo "no Python with h5py to read it (Debian: python3-h5py)"
    exit 0
}
"$python" - "$output" <<'PY'
import sys, h5py, numpy
with h5py.File(sys.argv[1]) as f:
    for name, perm in f.items():
        if name.startswith("perm_"):
            put, get = perm["put_tensor"][:], perm["unpack_tensor"][:]
            print(f"{perm.attrs['name']:55} put {numpy.median(put) * 1e6:8.1f} us"
                  f"  get {numpy.median(get) * 1e6:8.1f} us  {put.shape}")
PY
