#!/usr/bin/env bash
# check.sh [--full]: everything that a change must pass; ten minutes on two
# cores.
#
# Installs what is missing, builds with and without sanitizers beside each other,
# and runs the tests, lints among them. --full adds the slow tests, valgrind and a
# build with parallel HDF5. Exit status 0 when all of it passed; the last line says what was
# left out, and why.
#
# SRBENCH_TEST_DB=/path/valkey-server tools/check.sh: with that server (Redis,
# Valkey or KeyDB), wherever a test would start redis-server.
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

# server_name PROGRAM: what it calls itself, "Valkey 8.1.1".
server_name() {
    local said
    said=$(timeout 20 "$1" --version </dev/null 2>/dev/null) || true
    # Valkey 7.2 does not say its name
    sed -nE -e 's/^(Redis|Valkey|KeyDB) server v=([^ ]+).*/\1 \2/p' \
        -e 's/^Server v=(7\.2[^ ]*).*/Valkey \1/p' <<<"$said" | head -n 1
}

# The server under test is refused now rather than by every test.
if [ -n "${SRBENCH_TEST_DB-}" ]; then
    if ! program=$(type -P -- "$SRBENCH_TEST_DB"); then
        echo "$0: SRBENCH_TEST_DB: '$SRBENCH_TEST_DB' is no program;" \
            "give the path of a redis-server, valkey-server or keydb-server" >&2
        exit 2
    fi
    SRBENCH_TEST_DB=$(realpath -s -- "$program")
    export SRBENCH_TEST_DB
    server=$(server_name "$SRBENCH_TEST_DB")
    if [ -z "$server" ]; then
        echo "$0: SRBENCH_TEST_DB: '$SRBENCH_TEST_DB' calls itself neither" \
            "Redis, Valkey nor KeyDB" >&2
        exit 2
    fi
fi

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

# set_up DIR ARGUMENT...: configure and build. ninja takes half of what make does
# besides compiling; a folder that is there stays what it is.
set_up() (
    if [ -z "${CMAKE_GENERATOR-}" ] && command -v ninja >/dev/null; then
        export CMAKE_GENERATOR=Ninja
    fi
    configure "$top/$1" -DBUILD_TESTING=ON "${@:2}" && build "$top/$1"
)

# Whether clang, with all that its sanitizers need, is here.
have_clang() {
    command -v clang++ >/dev/null && command -v clang >/dev/null &&
        clang -fsanitize=address,undefined -x c -o /dev/null - 2>/dev/null \
            <<<'int main(void) { return 0; }'
}

# Without the optimiser, which would take longer than it saves the tests. By clang
# where it is: its warnings, all of which are errors, and its sanitizers find what
# gcc's do not. A folder that another compiler was for is made anew.
with_sanitizers() {
    local compilers=()
    if have_clang; then
        compilers=(-DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++)
        grep -q '^CMAKE_C_COMPILER:.*clang$' "$top/build-asan/CMakeCache.txt" \
            2>/dev/null || rm -rf "$top/build-asan"
    fi
    step 'build with sanitizers' quietly set_up build-asan "${compilers[@]}" \
        -DCMAKE_BUILD_TYPE=Debug '-DCMAKE_C_FLAGS_DEBUG=-O0 -g1' \
        -DSRBENCH_SANITIZE=ON -DSRBENCH_WERROR=ON
    step 'tests with sanitizers' tests "$top/build-asan" '^asan$'
    [ ${#failed[@]} -eq 0 ]
}

# aside COMMAND...: begin it beside what follows. What it says is kept for later.
aside() {
    said=$(mktemp)
    set -m # a group of its own, which can be ended whole
    "$@" >"$said" 2>&1 &
    set +m
    beside=$!
    trap 'kill -- -"$beside" 2>/dev/null || true; rm -f "$said"' EXIT
}

# Wait for it, and show what it said.
joined() {
    local status=0
    wait "$beside" || status=$?
    trap 'rm -f "$said"' EXIT
    cat "$said"
    return "$status"
}

rm -f "$top/build/ctest.log" # of an earlier time
step 'what the tests need' "$top/tools/deps.sh" "$packages"
server=${server:-$(server_name redis-server)}
printf '== server under test: %s (%s)\n' "${server:-none}" \
    "${SRBENCH_TEST_DB:-$(type -P redis-server || echo 'no redis-server')}"
# One waits where the other computes. Both are what takes the time of a check, so
# that none of it is idle.
aside with_sanitizers
step 'build' quietly set_up build -DCMAKE_BUILD_TYPE=RelWithDebInfo \
    -DSRBENCH_WERROR=ON
step "tests: $labels" tests "$top/build" "^($labels)\$"
step 'beside them, with sanitizers' joined

# what was not tested, since something is missing here
without=$(left_out "$top/build")
have_clang ||
    without+="${without:+; }clang's warnings: no clang, so gcc built both"
without="${without:+; left out: $without}"

if [ ${#failed[@]} -gt 0 ]; then
    printf 'check.sh: FAILED:'
    printf ' [%s]' "${failed[@]}"
    printf ' (%d s, with %s)%s\n' "$SECONDS" "${server:-no server}" "$without"
    exit 1
fi
printf 'check.sh: all passed (%d s, with %s)%s\n' "$SECONDS" \
    "${server:-no server}" "$without"
