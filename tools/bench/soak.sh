#!/usr/bin/env bash
# soak.sh [SECONDS]: random studies with random faults, an hour by default; see
# soak.py, whose arguments these are. Exit status 0: nothing was lost or left.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
python=/usr/bin/python3 # Debian's has h5py
[ -x "$python" ] || python=python3
exec "$python" "$here/soak.py" "$@"
