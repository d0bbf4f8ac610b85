#!/usr/bin/env bash
# Everything that needs a container engine: the images, the compose project with its drills, ZooKeeper in containers; all of it
# is gone afterwards. Usage: scripts/test_containers.sh [--quick] [PYTEST OPTION...]; --quick leaves out the drills, and what
# brings the project up a second time.
# An engine that answers is used. Else one is started by the lab's docker-up.sh, found beside the checkout or by PACING_LAB, and ended
# again; where there is none, one line says so and the status is 0, or 1 with PACING_CONTAINERS=required.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/system_packages.sh

quick=
[ "${1:-}" != --quick ] || { quick=1; shift; }
skip() {
  echo "containers: skipped: $*"
  [ "${PACING_CONTAINERS:-}" = required ] && exit 1
  exit 0
}

lab=${PACING_LAB:-$(realpath -m ../shared/lab)}
started=
end() {
  [ -z "$started" ] || "$lab/docker-up.sh" down "$started" >/dev/null 2>&1 || true
}
trap end EXIT

if ! docker version >/dev/null 2>&1; then
  [ -x "$lab/docker-up.sh" ] || skip "no container engine answers, and there is no $lab/docker-up.sh to start one (PACING_LAB)"
  can_install_packages || skip "no container engine answers, and one can be started by root on Debian only"
  started=${PACING_ENGINE:-/tmp/pacing-engine}
  "$lab/docker-up.sh" up "$started" >/dev/null || skip "the engine in $started did not start"
  eval "$("$lab/docker-up.sh" env "$started")"
fi
docker compose version >/dev/null 2>&1 || skip "the engine has no compose plugin"

# Images of the surroundings: those that are named, or can be pulled; else made of this machine's packages by the lab.
image() { # VARIABLE USUAL LOCAL PACKAGE...
  local variable=$1 usual=$2 here=$3
  shift 3
  [ -z "${!variable:-}" ] || return 0
  if docker image inspect "$usual" >/dev/null 2>&1 || docker pull --quiet "$usual" >/dev/null 2>&1; then
    export "$variable=$usual"
  elif docker image inspect "$here" >/dev/null 2>&1; then
    export "$variable=$here"
  elif [ -x "$lab/base-image.sh" ]; then
    "$lab/base-image.sh" "$here" "$@" >&2
    export "$variable=$here"
  else
    skip "the image $usual cannot be pulled, and there is no $lab/base-image.sh to make one"
  fi
}
image BASE python:3.11-slim-bookworm local/python:3.11 python3 python3-venv
image HAPROXY_IMAGE haproxy:2.8 local/haproxy:2.6 haproxy
image PROMETHEUS_IMAGE prom/prometheus:v2.53.3 local/prometheus:2.42 prometheus
if [ -z "${ZOOKEEPER_IMAGE:-}" ]; then
  image ZOOKEEPER_BASE zookeeper:3.9 local/zookeeper-base:3.8 zookeeper default-jre-headless
  ZOOKEEPER_IMAGE=$ZOOKEEPER_BASE
  if [ "$ZOOKEEPER_BASE" = local/zookeeper-base:3.8 ]; then
    ZOOKEEPER_IMAGE=local/zookeeper:3.8
    docker build --quiet --build-arg "BASE=$ZOOKEEPER_BASE" --tag "$ZOOKEEPER_IMAGE" deploy/compose/zookeeper >/dev/null
  fi
fi
export ZOOKEEPER_IMAGE PACING_IMAGE=agent-pacing:latest SIMULATOR_IMAGE=agent-pacing-simulator:latest

echo "containers: images: node and simulator on $BASE, $ZOOKEEPER_IMAGE, $HAPROXY_IMAGE, $PROMETHEUS_IMAGE"
scripts/build_image.sh
.venv/bin/python -m pytest -m containers tests/containers ${quick:+-k "not drill and not rolling and not command and not cleanup"} "$@"
