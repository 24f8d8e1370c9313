#!/usr/bin/env bash
# languages.sh [SRBENCH OPTION...]: what the loop's language costs. One run, in
# which languages follow each other in random order, with client and database on
# CPUs of their own; the rows of a table, where every repetition gives one ratio
# to C. `--db_exe=floor` by default.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

[ $# -gt 0 ] || set -- --db_exe=floor
mpiexec -n 1 "${SRBENCH:-$top/build/srbench}" '--languages=[c,cpp,fortran]' \
    '--tensor_bytes=[1KiB,64KiB,1MiB]' --iterations=1000 --repetitions=15 \
    --order=random --seed=1 --verify=none --quiet --db_cpus=1 \
    --pin_app_cpus=true "--output=$out/languages.h5" "$@" >/dev/null
/usr/bin/python3 - "$out/languages.h5" <<'PY'
import sys

import h5py
import numpy

SIZES = {1024: "1 KiB", 65536: "64 KiB", 1048576: "1 MiB"}


def medians(summary, op, language, size):
    """By repetition."""
    rows = ((summary["languages"].asstr()[:] == language)
            & (summary["tensor_bytes"][:] == size))
    order = numpy.argsort(summary["repetition"][rows])
    return summary[f"{op}_tensor_median"][rows][order]


with h5py.File(sys.argv[1]) as f:
    print("| | C, s | C++ / C | smallest to largest | Fortran / C "
          "| smallest to largest | of |\n|---|---|---|---|---|---|---|")
    for size, words in SIZES.items():
        for op, name in (("put", "put"), ("unpack", "get")):
            c = medians(f["summary"], op, "c", size)
            cells = [f"{name} {words}", f"{numpy.median(c):.3g}"]
            for language in ("cpp", "fortran"):
                ratio = medians(f["summary"], op, language, size) / c
                cells += [f"{numpy.median(ratio):.3g}",
                          f"{ratio.min():.3g} to {ratio.max():.3g}"]
            print("|", " | ".join([*cells, str(len(c))]), "|")
PY
