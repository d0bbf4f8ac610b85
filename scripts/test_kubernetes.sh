#!/usr/bin/env bash
# The chart on a real cluster of two nodes, made for it and gone afterwards: make test-kubernetes.
# Needs root, the lab's scripts (beside the checkout, or PACING_LAB), a container engine for the images, and an hour once for
# programs built from Go modules (PACING_KUBERNETES). Where something is missing one line says so, and the status is 0.
# environment: PACING_IMAGE, SIMULATOR_IMAGE, ZOOKEEPER_IMAGE; PACING_KUBERNETES_STATE (/tmp/pacing-k8s), a short path
set -euo pipefail
cd "$(dirname "$0")/.."

lab=${PACING_LAB:-$(realpath -m ../shared/lab)}
state=${PACING_KUBERNETES_STATE:-/tmp/pacing-k8s}
export PACING_IMAGE=${PACING_IMAGE:-agent-pacing:latest} SIMULATOR_IMAGE=${SIMULATOR_IMAGE:-agent-pacing-simulator:latest}
export ZOOKEEPER_IMAGE=${ZOOKEEPER_IMAGE:-local/zookeeper:3.8}
skip() { echo "test-kubernetes: skipped: $*"; exit 0; }

[ -x "$lab/kubernetes-up.sh" ] || skip "there is no $lab/kubernetes-up.sh to make a cluster with (PACING_LAB)"
[ "$(id -u)" = 0 ] || skip "a cluster is made by root alone"
docker version >/dev/null 2>&1 || skip "no container engine answers, so there are no images"
for image in "$PACING_IMAGE" "$SIMULATOR_IMAGE" "$ZOOKEEPER_IMAGE"; do
  docker image inspect "$image" >/dev/null 2>&1 || skip "there is no image $image; make images, make test-containers"
done
# A verdict is one on the commit that the image was built of.
revision=$(docker image inspect --format '{{index .Config.Labels "org.opencontainers.image.revision"}}' "$PACING_IMAGE")
here=$(git rev-parse HEAD 2>/dev/null || echo unknown)
echo "test-kubernetes: $PACING_IMAGE was built of commit $revision"
[ "$revision" = "$here" ] || echo "test-kubernetes: the chart and the tests are those of $here; make images builds it anew"

status=0
reason=$(mktemp)
tools=$(scripts/kubernetes_tools.sh cluster 2> >(tee "$reason" >&2)) || status=$?
why=$(tail -n 1 "$reason")
rm -f "$reason"
[ "$status" != 3 ] || skip "$why"
[ "$status" = 0 ] || exit "$status"

archives=$(mktemp -d)
trap '"$lab/kubernetes-down.sh" "$state" || true; rm -rf "$archives"' EXIT
docker save --output "$archives/images.tar" "$PACING_IMAGE" "$SIMULATOR_IMAGE" "$ZOOKEEPER_IMAGE"
NODES=2 "$lab/kubernetes-up.sh" "$tools" "$state" "$archives/images.tar"
export KUBECONFIG=$state/admin.conf PACING_TEST_KUBERNETES=$state/admin.conf PACING_KUBERNETES=$tools PATH=$tools/bin:$PATH
.venv/bin/python -m pytest -m kubernetes tests/kubernetes "$@"
