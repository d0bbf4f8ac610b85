#!/usr/bin/env bash
# Make .venv with the locked dependencies and this project in it. Usage: scripts/setup_venv.sh [PYTHON]
# Works on a fresh machine, twice in a row, and after an interrupted run.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:-python3}

fail() { echo "setup: $*" >&2; exit 1; }

as_root() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

if ! command -v "$python" >/dev/null || ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
  as_root || fail "Python 3.11 or newer with its venv module is needed; on Debian or Ubuntu install python3-venv"
  echo "setup: installing python3-venv" >&2
  apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 python3-venv >/dev/null
fi
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "Python 3.11 or newer is needed, found $("$python" -V)"

# A half-made environment has no working pip; make it anew.
if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
  rm -rf .venv
  "$python" -m venv .venv
fi
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
touch .venv/.installed
