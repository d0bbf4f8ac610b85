#!/usr/bin/env bash
# The tests on a busy machine: `make test`, or the command given, while N processes spin on the same processors, REPEAT
# times in a row. Ends exactly the processes it started, whatever happens, and gives each run LIMIT seconds.
#   N=6 REPEAT=3 LIMIT=3600 scripts/under_load.sh
#   ARGS='tests/statistics' scripts/under_load.sh         options of pytest, for `make test`
#   scripts/under_load.sh make demo                       another command
set -uo pipefail
cd "$(dirname "$0")/.."

count=${N:-6} repeat=${REPEAT:-1} limit=${LIMIT:-3600}
[ $# -gt 0 ] || set -- make test
spinning=()

calm() {
  for process in "${spinning[@]}"; do kill "$process" 2>/dev/null; done
  wait "${spinning[@]}" 2>/dev/null
  spinning=()
}
trap calm EXIT
trap 'exit 130' INT TERM

# Each spins no longer than all runs may take, and no longer than this script lives: it looks for its parent now and then.
spin() {
  local parent=$1 end=$((SECONDS + limit * repeat + 60))
  while [ "$SECONDS" -lt "$end" ] && kill -0 "$parent" 2>/dev/null; do
    for ((turn = 0; turn < 100000; turn++)); do :; done
  done
}

for ((each = 0; each < count; each++)); do
  spin $$ &
  spinning+=($!)
done
echo "under load: $count processes spin on $(nproc) processors: ${spinning[*]}"

failed=0
for ((run = 1; run <= repeat; run++)); do
  began=$SECONDS
  timeout --kill-after=30 "$limit" "$@"
  status=$?
  echo "under load: run $run of $repeat: exit status $status after $((SECONDS - began)) s"
  [ "$status" = 0 ] || failed=$((failed + 1))
done
calm
echo "under load: $failed of $repeat runs failed"
[ "$failed" = 0 ]
