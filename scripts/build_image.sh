#!/usr/bin/env bash
# Build the images of a node and of the simulator. Usage: scripts/build_image.sh [TARGET...]; node and simulator unless given.
# environment: BASE (base image), NAME (agent-pacing), DOCKER (docker). pip's own index, authorities and proxies are handed to the
# build as secrets: no layer holds them. Tags: NAME:VERSION and NAME-simulator:VERSION, each :latest too.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/release_environment.sh
docker=${DOCKER:-docker}
name=${NAME:-agent-pacing}
[ $# -gt 0 ] || set -- node simulator

scripts/setup_dashboard.sh
secrets=$(mktemp -d)
trap 'rm -rf "$secrets"' EXIT
options=(--secret "id=pip,src=$secrets/pip.conf")
{
  echo "[global]"
  for key in index-url extra-index-url trusted-host proxy; do
    value=$(.venv/bin/python -m pip config get "global.$key" 2>/dev/null || .venv/bin/python -m pip config get ":env:.$key" 2>/dev/null) &&
      echo "$key = ${value//$'\n'/ }"
  done
  authorities=${PIP_CERT:-$(.venv/bin/python -m pip config get global.cert 2>/dev/null || true)}
  if [ -n "$authorities" ]; then
    echo "cert = /run/secrets/ca"
    options+=(--secret "id=ca,src=$authorities")
  fi
} >"$secrets/pip.conf" || true

for target in "$@"; do
  tag=$name
  [ "$target" = node ] || tag=$name-$target
  DOCKER_BUILDKIT=1 $docker build --quiet --target "$target" ${BASE:+--build-arg "BASE=$BASE"} \
    --build-arg "VERSION=$VERSION" --build-arg "REVISION=$(git rev-parse HEAD 2>/dev/null || echo unknown)" \
    --build-arg "CREATED=$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)" \
    "${options[@]}" --tag "$tag:$VERSION" --tag "$tag:latest" . >/dev/null
  echo "$tag:$VERSION $(($($docker image inspect --format '{{.Size}}' "$tag:$VERSION") / 1000000)) MB"
done
