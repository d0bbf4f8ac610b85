#!/usr/bin/env bash
# Make .venv with the locked dependencies and this project in it. Usage: scripts/setup_venv.sh [PYTHON]
# Works on a fresh machine, twice in a row, after an interrupted run, after a change of the locked dependencies and
# after the directory was moved. The stamp .venv/.installed holds what was installed; the Makefile looks at its age.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/system_packages.sh
python=${1:-python3}
lock=requirements/dev.lock
stamp=.venv/.installed

fail() { echo "setup: $*" >&2; exit 1; }

# One run at a time.
exec 9<scripts/setup_venv.sh
! command -v flock >/dev/null || flock 9

has_venv() { command -v "$python" >/dev/null && "$python" -c 'import venv, ensurepip' 2>/dev/null; }

if ! has_venv; then
  can_install_packages || fail "Python 3.11 or newer with its venv module is needed; on Debian or Ubuntu install python3-venv"
  echo "setup: installing python3-venv through the system's packages" >&2
  install_packages python3 python3-venv || fail "the system's packages could not install python3-venv"
  has_venv || fail "$python still has no venv module; install the venv package of that version or give another Python"
fi
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "Python 3.11 or newer is needed, found $("$python" -V)"

# What the environment must be: its place (scripts in it carry absolute paths), its Python, what is locked.
wanted=$("$python" - "$lock" pyproject.toml <<'PYTHON'
import hashlib, pathlib, sys
digests = [hashlib.sha256(pathlib.Path(name).read_bytes()).hexdigest() for name in sys.argv[1:]]
print(pathlib.Path(".venv").absolute(), sys.version.split()[0], *digests)
PYTHON
)
found=$(cat "$stamp" 2>/dev/null || true)
if [ "$found" = "$wanted" ] && .venv/bin/python -c 'import pacing_node' 2>/dev/null; then
  touch "$stamp"
  exit 0
fi

# Made anew when its first run was interrupted, when it is of another Python, or was moved here; else brought up to date.
place_and_python() { cut -d ' ' -f 1-2 <<<"$1"; }
if [ "$(place_and_python "$found")" = "$(place_and_python "$wanted")" ] && .venv/bin/python -m pip --version >/dev/null 2>&1; then
  echo "$(place_and_python "$wanted") unfinished" >"$stamp"
else
  rm -rf .venv
  "$python" -m venv .venv
fi
echo "setup: installing the locked Python packages into .venv" >&2
.venv/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r "$lock"
.venv/bin/python -m pip install -qq --disable-pip-version-check --no-build-isolation --no-deps --editable .
echo "$wanted" >"$stamp"
