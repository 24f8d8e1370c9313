#!/usr/bin/env bash
# Every script of the tree, as shellcheck wants it.
set -euo pipefail
cd "$(dirname "$0")/../.."

command -v shellcheck >/dev/null || { echo 'no shellcheck'; exit 77; }
find .ci tools test batch_scripts -type f \
    \( -name '*.sh' -o -path '.ci/*' \) -print0 |
    xargs -0 shellcheck --external-sources --source-path=SCRIPTDIR
