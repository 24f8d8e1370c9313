# shellcheck shell=bash
# Sourced by the scripts beside it.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# configure DIR ARGUMENT...: run CMake for a build directory of this tree. One
# that belongs to another tree (a copy, a moved clone) is configured anew.
configure() {
    local dir=$1 cache=$1/CMakeCache.txt
    shift
    if [ -f "$cache" ] &&
        ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$top" "$cache"; then
        rm -rf "$cache" "$dir/CMakeFiles"
    fi
    cmake -S "$top" -B "$dir" "$@"
}

# build DIR [TARGET]: compile on every core.
build() {
    cmake --build "$1" --parallel "$(nproc)" ${2:+--target "$2"}
}

# find_python: the name of a Python that has h5py.
find_python() {
    local python
    for python in /usr/bin/python3 python3; do
        if "$python" -c 'import h5py, numpy' 2>/dev/null; then
            echo "$python"
            return 0
        fi
    done
    return 1
}

# quietly COMMAND...: its output is shown only when it fails.
quietly() {
    local log status=0
    log=$(mktemp)
    "$@" >"$log" 2>&1 || status=$?
    [ "$status" -eq 0 ] || cat "$log" >&2
    rm -f "$log"
    return "$status"
}

# shown LOG COMMAND...: run it, with how far it has come (the steps that make and
# ninja count) on standard error: in place on a terminal, else by quarters. All that
# it says goes to LOG.
shown() {
    local log=$1
    shift
    "$@" 2>&1 | tee "$log" | {
        local line at of last=0 tty=
        [ -t 2 ] && tty=yes
        while IFS= read -r line; do
            [[ $line =~ ^\[\ *([0-9]+)(%|/([0-9]+))\]\ (.*) ]] || continue
            at=${BASH_REMATCH[1]} of=${BASH_REMATCH[3]:-100}
            if [ -n "$tty" ]; then
                printf '\r\033[K%3d %% %.60s' $((100 * at / of)) \
                    "${BASH_REMATCH[4]}" >&2
            elif [ $((4 * at / of)) -gt $last ]; then
                last=$((4 * at / of))
                printf '%3d %%\n' $((100 * at / of)) >&2
            fi
        done
        [ -z "$tty" ] || printf '\r\033[K' >&2
    }
    return "${PIPESTATUS[0]}"
}

# tests BUILD LABELS: run the tests with such labels, and show what fails. Most
# wait most of the time, so there are three for each core, and 16 at most; what
# computes says that it needs two of these places.
tests() {
    local places=$((3 * $(nproc)))
    ctest --test-dir "$1" --output-on-failure \
        --parallel $((places < 16 ? places : 16)) \
        --no-tests=error --label-regex "$2" --output-log "$1/ctest.log"
}

# left_out BUILD: what tests() skipped there, whole tests and parts of them, with
# the reason that each gave: "test: reason; test: reason". Nothing if it did not
# run.
left_out() {
    local log=$1/Testing/Temporary/LastTest.log
    [ -f "$1/ctest.log" ] && [ -f "$log" ] || return 0
    awk '
        function note(reason) {
            if (reason != "" && !((name, reason) in seen)) {
                seen[name, reason]
                text = text (text == "" ? "" : "; ") name ": " reason
            }
        }
        FNR == NR { # of ctest itself
            if (match($0, /Test +#[0-9]+: [^ ]+/) && /\*\*\*Skipped/)
                skipped[$(split(substr($0, 1, RSTART + RLENGTH - 1), w))]
            next
        }
        /^[0-9]+\/[0-9]+ Testing: / { name = $3; last = ""; output = 0 }
        /^Output:$/ { output = 1; next }
        /^<end of output>$/ {
            if (name in skipped)
                note(last == "" ? "no reason given" : last)
            output = 0
        }
        output && /[^-]/ { last = $0 }
        # of a part: by unittest, and by pytest -rs
        output && / \.\.\. skipped / {
            sub(/^.* \.\.\. skipped ./, "")
            note(substr($0, 1, length($0) - 1))
        }
        output && match($0, /^SKIPPED \[[0-9]+\] [^ ]+: /) {
            note(substr($0, RLENGTH + 1))
        }
    END { print text }
    ' "$1/ctest.log" "$log"
}
