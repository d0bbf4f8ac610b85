#!/usr/bin/env bash
# SPIN and a C compiler for `make model`: installed as root on Debian or Ubuntu, otherwise asked for in one line.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/system_packages.sh

if command -v spin >/dev/null && command -v gcc >/dev/null; then exit 0; fi
if can_install_packages && install_packages spin gcc libc6-dev; then exit 0; fi
echo "model: SPIN and gcc are needed; as root on Debian: apt-get install spin gcc libc6-dev" >&2
exit 1
