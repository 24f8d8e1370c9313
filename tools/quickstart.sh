#!/usr/bin/env bash
# quickstart.sh [--build-dir=DIR]: from a fresh machine to a first result.
#
# Installs what is missing, builds srbench in build/ (or DIR), runs it on four ranks
# of this machine (a sweep of tensor sizes, put to and got from a Redis that it
# starts and stops itself) and shows what the result file holds. Afterwards
# `cmake --install` has all that it needs.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

say() {
    printf '\n== %s\n' "$*"
}

refuse() {
    echo "quickstart.sh: $*" >&2
    exit 2
}

build_dir=$top/build
while [ $# -gt 0 ]; do
    case $1 in
        --build-dir=?*) build_dir=${1#*=} ;;
        --build-dir)
            [ -n "${2-}" ] ||
                refuse "--build-dir: found nothing, expected a folder"
            build_dir=$2
            shift
            ;;
        -h | --help)
            sed -n '2,/^set/ { /^#/ s/^# \{0,1\}//p }' "$0"
            exit
            ;;
        *) refuse "found '$1', expected nothing or --build-dir=DIR" ;;
    esac
    shift
done
build_dir=$(realpath -m -- "$build_dir")

# may_write DIR: whether it can be made, and files in it.
may_write() {
    mkdir -p -- "$1" 2>/dev/null && [ -w "$1" ] && [ -x "$1" ]
}

may_write "$build_dir" || refuse "cannot write in '$build_dir', where srbench" \
    "is to be built; name a folder of yours, --build-dir=DIR"
# results stand beside the sources, or, where that cannot be, in the build
results=$top/results/quickstart
may_write "$results" || results=$build_dir/results/quickstart
may_write "$results" || refuse "cannot write in '$results', where the result" \
    "is to be kept; name another folder, --build-dir=DIR"

say 'what srbench needs'
"$top/tools/deps.sh" run

say "build in $build_dir (some minutes the first time)"
# tests stay as they are where somebody has built them here
tests=()
[ -f "$build_dir/CMakeCache.txt" ] || tests=(-DBUILD_TESTING=OFF)
echo 'looking for compilers and libraries'
quietly configure "$build_dir" -DCMAKE_BUILD_TYPE=RelWithDebInfo "${tests[@]}"
echo 'compiling'
log=$build_dir/quickstart.log
shown "$log" build "$build_dir" srbench_product || {
    cat "$log" >&2
    refuse "the build failed; what the compiler said is above, and in $log"
}
"$build_dir/srbench" --version

output=$results/run-$(date +%Y%m%d-%H%M%S).h5
# that of the MPI which it was built with
launcher=${MPIEXEC:-$(sed -n 's/^MPIEXEC_EXECUTABLE:[^=]*=//p' \
    "$build_dir/CMakeCache.txt")}
say "$launcher -n 4 $build_dir/srbench"
"$launcher" -n 4 "$build_dir/srbench" --output="$output"

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

say 'next'
printf '%q ' "$python" "$top/tools/srbench-report" "$output" && echo
printf '%q ' "$build_dir/srbench" --help && echo
printf '%q ' cmake --install "$build_dir" --prefix "$HOME/srbench" && echo
