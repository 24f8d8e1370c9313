#!/usr/bin/env bash
# warnings.sh COMPILER BUILD: program and tests compile without a warning.
# C++ by the same maker's compiler, where there is one. gcc optimises, since some
# of its warnings come from the optimiser alone; clang's come before it, so that
# it is asked for no code.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
cc=$1
dir=$2/lint-$cc

command -v "$cc" >/dev/null || { echo "no $cc"; exit 77; }
case $cc in
    gcc) cxx=g++ type=Release ;;
    clang) cxx=clang++ type=Debug ;;
esac
cmake -S "$top" -B "$dir" -DCMAKE_C_COMPILER="$cc" \
    -DCMAKE_CXX_COMPILER="$(command -v "$cxx" || echo NOTFOUND)" -DSRBENCH_WERROR=ON \
    -DSRBENCH_NO_LINTS=ON -DCMAKE_BUILD_TYPE="$type" >"$dir.log" ||
    { cat "$dir.log"; exit 1; }
if [ "$cc" = gcc ]; then
    cmake --build "$dir" --parallel "$(nproc)"
    exit
fi
cmake --build "$dir" --target srb_version >"$dir.log" ||
    { cat "$dir.log"; exit 1; }
cd "$dir" # what Ninja's paths begin at
sed -nE 's/^ *"command": "(.*)",?$/\1/p' compile_commands.json |
    sed -E 's/\\(["\\])/\1/g' | grep -E '[^ ]*clang(\+\+)?(-[0-9]+)? ' >commands
[ "$(wc -l <commands)" -ge 200 ] || { echo 'too few compile commands'; exit 1; }
tr '\n' '\0' <commands |
    xargs -0 -P "$(nproc)" -I{} sh -c '{} -fsyntax-only'
