#!/usr/bin/env bash
# languages.sh [SRBENCH OPTION...]: what the loop's language costs. One run, in
# which languages follow each other in random order; medians of the repetitions
# and their ratios to C. `--db_exe=floor` by default.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

[ $# -gt 0 ] || set -- --db_exe=floor
mpiexec -n 1 "${SRBENCH:-$top/build/srbench}" '--languages=[c,cpp,fortran]' \
    '--tensor_bytes=[1KiB,1MiB]' --iterations=500 --repetitions=9 \
    --order=random --seed=1 --verify=none --quiet \
    "--output=$out/languages.h5" "$@" >/dev/null
/usr/bin/python3 - "$out/languages.h5" <<'PY'
import sys

import h5py
import numpy

with h5py.File(sys.argv[1]) as f:
    s = f["summary"]
    language = s["languages"].asstr()[:]
    size = s["tensor_bytes"][:]
    for op in ("put_tensor", "unpack_tensor"):
        for n in sorted(set(size)):
            t = {x: s[f"{op}_median"][(language == x) & (size == n)]
                 for x in ("c", "cpp", "fortran")}
            print(f"{op} {n} B: c {numpy.median(t['c']):.3g} s", *(
                f"{x}/c {numpy.median(t[x]) / numpy.median(t['c']):.3f}"
                for x in ("cpp", "fortran")), sep=", ")
PY
