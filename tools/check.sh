#!/usr/bin/env bash
# check.sh [--full]: everything that a change must pass; ten minutes on two
# cores.
#
# Installs what is missing, builds with and without sanitizers, and runs the
# tests, lints among them. --full adds the slow tests, valgrind and a build with
# parallel HDF5. Exit status 0 when all of it passed.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

labels='fast'
packages='test'
case ${1-} in
    '') ;;
    --full)
        labels='fast|full'
        packages=full
        ;;
    *)
        echo "usage: $0 [--full]" >&2
        exit 2
        ;;
esac

failed=()

# step NAME COMMAND...: go on after a failure, so that one run shows them all.
step() {
    local name=$1 from=$SECONDS
    shift
    printf '== %s\n' "$name"
    if "$@"; then
        printf '== %s: ok (%d s)\n' "$name" $((SECONDS - from))
    else
        printf '== %s: FAILED (%d s)\n' "$name" $((SECONDS - from))
        failed+=("$name")
    fi
}

set_up() {
    configure "$top/$1" -DBUILD_TESTING=ON "${@:2}" && build "$top/$1"
}

tests() {
    ctest --test-dir "$top/$1" --output-on-failure --parallel "$(nproc)" \
        --no-tests=error --label-regex "$2"
}

step 'what the tests need' "$top/tools/deps.sh" "$packages"
step 'build with sanitizers' quietly set_up build-asan \
    -DCMAKE_BUILD_TYPE=Debug '-DCMAKE_C_FLAGS_DEBUG=-O1 -g' \
    -DSRBENCH_SANITIZE=ON
step 'tests with sanitizers' tests build-asan '^asan$'
step 'build' quietly set_up build -DCMAKE_BUILD_TYPE=RelWithDebInfo
step "tests: $labels" tests build "^($labels)\$"

if [ ${#failed[@]} -gt 0 ]; then
    printf 'check.sh: FAILED:'
    printf ' [%s]' "${failed[@]}"
    printf ' (%d s)\n' "$SECONDS"
    exit 1
fi
printf 'check.sh: all passed (%d s)\n' "$SECONDS"
