#!/usr/bin/env bash
# Build the dashboard from dashboard/ into pacing_node/api/static. Usage: scripts/setup_dashboard.sh [--required | --tools]
# Node and npm come from the system where they are new enough, else from the locked Python wheel (.tools/nodejs). What was
# built is built anew only when a source changed. Where packages cannot be had, one line says so and the status is 0; with
# --required it is 1. --tools only makes node_modules, for the tests of the dashboard.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/node_tools.sh
output=pacing_node/api/static
mode=${1:-}

give_up() {
  echo "setup: the dashboard is not built: $1; a node says so at /" >&2
  [ "$mode" = "" ] && exit 0
  exit 1
}

# One run at a time.
exec 8<scripts/setup_dashboard.sh
! command -v flock >/dev/null || flock 8

sources=$(find dashboard -path dashboard/node_modules -prune -o -type f -print | LC_ALL=C sort | xargs sha256sum | sha256sum | cut -d ' ' -f 1)
if [ "$mode" != --tools ] && [ "$(cat "$output/.sources" 2>/dev/null)" = "$sources" ]; then
  echo "dashboard: built already"
  exit 0
fi
find_node || give_up "Node.js 20.19 or newer with npm is neither installed nor to be had as a Python wheel"

locked=$(sha256sum dashboard/package-lock.json | cut -d ' ' -f 1)
if [ "$(cat dashboard/node_modules/.locked 2>/dev/null)" != "$locked" ]; then
  echo "setup: installing the locked packages of the dashboard" >&2
  # Scripts of packages are not run: none of those that are locked needs its own.
  (cd dashboard && npm ci --ignore-scripts --silent --fetch-retries=1 --fetch-timeout=60000 >&2) || give_up "npm cannot install its packages"
  echo "$locked" >dashboard/node_modules/.locked
fi
[ "$mode" != --tools ] || exit 0

rm -f "$output/.sources"
(cd dashboard && npm run --silent build) || { echo "setup: the dashboard's build failed" >&2; exit 1; }
echo "$sources" >"$output/.sources"
