#!/usr/bin/env bash
# Finds, or builds once, what the tests of the chart and of Kubernetes need, and prints the directory it lies in.
# usage: kubernetes_tools.sh chart|cluster
#   chart: helm, helm-unittest, kubeconform and the schemas of several versions; cluster: helm, a control plane and nodes.
# Status 3, with one line on stderr that says why, when something is missing and cannot be built.
# environment: PACING_KUBERNETES (.tools/kubernetes): bin/ with the programs; PACING_LAB (../shared/lab): scripts that build
# them from Go modules; PACING_BUILD=no builds nothing
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
directory=${PACING_KUBERNETES:-$root/.tools/kubernetes}
lab=${PACING_LAB:-$root/../shared/lab}
chart=(helm helm-unittest kubeconform)
cluster=(kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl coredns kube-router)
# The oldest version the chart allows, one between, and that of the cluster of the tests.
versions=(1.30.14 1.32.9 1.34.4)
definitions=(
  'sigs.k8s.io/gateway-api@v1.4.0 config/crd/standard'
  'github.com/cert-manager/cert-manager@v1.19.1 deploy/crds'
  'github.com/prometheus-operator/prometheus-operator@v0.85.0 example/prometheus-operator-crd'
)

give_up() { echo "$1" >&2; exit 3; }

write() { "$root/.venv/bin/python" "$root/scripts/resource_schemas.py" "$@" >&2; }

# The directory of a Go module's sources, fetched when it is not there.
module() { go mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p'; }

case ${1:-} in
  chart) names=("${chart[@]}") ;;
  cluster) names=(helm "${cluster[@]}") ;;
  *) sed -n 3,8p "$0" >&2; exit 2 ;;
esac

mkdir -p "$directory/bin"
missing=()
for name in "${names[@]}"; do
  [ -x "$directory/bin/$name" ] && continue
  found=$(command -v "$name" || true)
  if [ -n "$found" ]; then ln -sf "$found" "$directory/bin/$name"; else missing+=("$name"); fi
done
if [ "${#missing[@]}" != 0 ]; then
  [ "${PACING_BUILD:-}" != no ] || give_up "no ${missing[*]}; make test-chart and test-kubernetes build them where they may"
  [ -x "$lab/kubernetes-build.sh" ] || give_up "no ${missing[*]}, and no $lab/kubernetes-build.sh to build them"
  command -v go >/dev/null || give_up "no ${missing[*]}, and no go to build them"
  "$lab/kubernetes-build.sh" "$directory" "${missing[@]}" >&2 || give_up "${missing[*]} could not be built"
fi

schemas=$directory/schemas
if [ "$1" = chart ] && [ ! -e "$schemas/.ready" ]; then
  command -v go >/dev/null || give_up "no schemas of Kubernetes, and no go to fetch them"
  for version in "${versions[@]}"; do
    origin=$(module "k8s.io/kubernetes@v$version")
    [ -n "$origin" ] || give_up "the sources of Kubernetes $version cannot be fetched"
    write "$schemas/$version" "$origin/api/openapi-spec/swagger.json"
  done
  for definition in "${definitions[@]}"; do
    origin=$(module "${definition% *}")
    [ -n "$origin" ] || give_up "${definition% *} cannot be fetched"
    write "$schemas/resources" "$origin/${definition#* }"/*.yaml
  done
  touch "$schemas/.ready"
fi
echo "$directory"
