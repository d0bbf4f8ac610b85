#!/usr/bin/env bash
# Tests of the chart: make test-chart. Where its tools are missing and cannot be built, one line says why, and that is all.
set -euo pipefail
cd "$(dirname "$0")/.."

status=0
reason=$(mktemp)
trap 'rm -f "$reason"' EXIT
tools=$(scripts/kubernetes_tools.sh chart 2> >(tee "$reason" >&2)) || status=$?
if [ "$status" = 3 ]; then
  echo "test-chart: skipped: $(tail -n 1 "$reason")"
  exit 0
fi
[ "$status" = 0 ] || exit "$status"
PACING_KUBERNETES=$tools .venv/bin/python -m pytest tests/chart -n 2 "$@"
