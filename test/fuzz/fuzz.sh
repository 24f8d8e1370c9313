#!/usr/bin/env bash
# fuzz.sh BUILD [TARGET SECONDS [LIBFUZZER-OPTION...]]: build the fuzz targets
# with clang in a directory of their own, or run one of them on its seeds and on
# inputs grown from them. An input that breaks a promise fails the test, is
# printed and stays in BUILD/fuzz/broken/.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(cd "$1" && pwd)/fuzz
cc=${SRBENCH_FUZZ_CC:-clang}

# Whether the compiler is there and has libFuzzer and the sanitizers.
can_fuzz() {
    command -v "$cc" >/dev/null &&
        echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' |
        "$cc" -fsanitize=fuzzer,address,undefined -x c -o /dev/null - \
            2>/dev/null
}

# Without the optimiser: with it this takes three times as long, and inputs are not
# tried twice as fast.
build() {
    cmake -S "$top" -B "$dir" -DCMAKE_C_COMPILER="$cc" -DSRBENCH_FUZZ=ON \
        -DSRBENCH_SANITIZE=ON -DSRBENCH_WERROR=ON \
        -DCMAKE_BUILD_TYPE=Debug '-DCMAKE_C_FLAGS_DEBUG=-O0 -g1' \
        >"$dir.log" 2>&1 || { cat "$dir.log"; exit 1; }
    cmake --build "$dir" --parallel "$(nproc)" --target srbench_fuzz
}

# run TARGET SECONDS OPTION...
run() {
    local target=$1 seconds=$2 status=0 input
    shift 2
    local found=$dir/broken/$target
    rm -rf "$found"
    mkdir -p "$found/corpus"
    cd "$found"
    # first the seeds alone: one that breaks something is named
    "$dir/test/bin/fuzz_$target" -timeout=10 -artifact_prefix="$found/" \
        "$top/test/fuzz/seeds/$target"/* >"$found/log" 2>&1 || status=$?
    if [ $status -eq 0 ]; then
        "$dir/test/bin/fuzz_$target" -max_total_time="$seconds" -timeout=10 \
            -max_len=1024 -print_final_stats=1 -artifact_prefix="$found/" "$@" \
            "$found/corpus" "$top/test/fuzz/seeds/$target" \
            >"$found/log" 2>&1 || status=$?
    fi
    if [ $status -eq 0 ]; then
        grep -E '^(Done|stat::number)' "$found/log"
        cd "$dir"
        rm -rf "$found"
        return 0
    fi
    grep -E -m 1 -A 60 'broken:|ERROR:|runtime error:' "$found/log" ||
        tail -n 60 "$found/log"
    for input in "$found"/*-*; do
        [ -f "$input" ] || continue
        printf '== fuzz_%s fails on %s:\n' "$target" "$input"
        od -A d -t x1z "$input"
    done
    return 1
}

can_fuzz || { echo "no $cc with libFuzzer and sanitizers"; exit 77; }
if [ $# -eq 1 ]; then
    build
else
    run "${@:2}"
fi
