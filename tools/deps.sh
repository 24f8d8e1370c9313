#!/usr/bin/env bash
# deps.sh run|test|full: install what srbench needs and this machine lacks.
#
#   run   to build and run srbench
#   test  that, and what tools/check.sh needs
#   full  that, and what tools/check.sh --full needs
#
# On Debian and its relatives through apt-get, as root or with sudo that asks
# for no password; nothing that is there is touched, and no service is started.
# Elsewhere it says what to install. It succeeds either way: whether everything
# is there is for CMake to decide, which also finds what no package put there.
set -euo pipefail

# Alternatives are separated by |; the first is what gets installed.
run_packages=(
    gcc g++ gfortran libc6-dev make cmake pkg-config git
    'mpich|openmpi-bin' 'libmpich-dev|libopenmpi-dev'
    libhiredis-dev 'libhdf5-dev|libhdf5-mpich-dev|libhdf5-openmpi-dev'
    libyaml-dev libhwloc-dev redis-server python3 python3-h5py python3-pandas
)
test_packages=(
    libcmocka-dev ninja-build clang 'libclang-rt-dev|libclang-rt-14-dev' clang-format
    clang-tidy cppcheck shellcheck iproute2 mandoc zsh jube
    python3-pytest python3-xarray python3-netcdf4 python3-yaml
    netcdf-bin hdf5-tools
    python3-matplotlib slurm-wlm munge
)

# installed PACKAGE[|PACKAGE...]
installed() {
    local name
    for name in ${1//|/ }; do
        if dpkg-query -W -f='${db:Status-Status}\n' "$name" 2>/dev/null |
            grep -qx installed; then
            return 0
        fi
    done
    return 1
}

# The build with parallel HDF5 is with that of the MPI which is there.
parallel_hdf5=libhdf5-mpich-dev
if ! installed mpich && installed openmpi-bin; then
    parallel_hdf5=libhdf5-openmpi-dev
fi
full_packages=(valgrind "$parallel_hdf5")

packages=("${run_packages[@]}")
case ${1-} in
    run) ;;
    test) packages+=("${test_packages[@]}") ;;
    full) packages+=("${test_packages[@]}" "${full_packages[@]}") ;;
    *)
        echo "usage: $0 run|test|full" >&2
        exit 2
        ;;
esac

# What to do by hand, for PACKAGES...
advise() {
    cat >&2 <<TXT
  Debian, Ubuntu:  apt-get install $*
  Spack:           spack load gcc mpich hiredis hdf5+hl libyaml hwloc redis cmocka
                   py-h5py py-pandas (spack install first)
  cluster modules: PrgEnv-gnu or gcc (C++ and Fortran are optional),
                   usually cray-mpich or mpich or openmpi, cray-hdf5 or hdf5,
                   cray-python or python, hwloc; hiredis, libyaml and redis
                   seldom have one (Spack, or -DHIREDIS_ROOT=...
                   -DLIBYAML_ROOT=... -DHWLOC_ROOT=...)
TXT
}

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "deps.sh: no apt-get here; srbench needs:" >&2
    advise "${packages[@]%%|*}"
    exit 0
fi

missing=()
for p in "${packages[@]}"; do
    installed "$p" || missing+=("${p%%|*}")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
    as_root=()
elif sudo -n true 2>/dev/null; then
    as_root=(sudo -n)
else
    echo "deps.sh: not root, and sudo wants a password; not installed:" >&2
    advise "${missing[@]}"
    exit 0
fi

# A package like redis-server starts its service when it is installed, on the
# port that somebody may want. policy-rc.d is Debian's way to forbid that; one
# that is there already is the administrator's.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    trap '"${as_root[@]}" rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee $policy >/dev/null
    "${as_root[@]}" chmod 755 $policy
fi

apt() {
    # a fresh machine may be busy with its own upgrades
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -o DPkg::Lock::Timeout=300 -qq "$@"
}

echo "deps.sh: installing ${missing[*]}" >&2
log=$(mktemp)
if { apt update && apt install -y --no-install-recommends "${missing[@]}"; } \
    >"$log" 2>&1; then
    rm -f "$log"
else
    tail -n 15 "$log" >&2
    echo "deps.sh: apt-get failed (all of it: $log); still missing:" >&2
    advise "${missing[@]}"
fi
