#!/usr/bin/env bash
# Make a release: source archive, wheel, chart, SBOM (CycloneDX) and checksums, built twice with the same bytes; and an image.
# Usage: scripts/build_release.sh [DIRECTORY]; dist unless given.
# The version comes from pyproject.toml, and CHANGELOG.md must speak of it.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/release_environment.sh

grep -qE "^## (Unreleased|\[?$VERSION\]?)" CHANGELOG.md || { echo "release: CHANGELOG.md says nothing of $VERSION" >&2; exit 1; }
target=$(realpath -m "${1:-dist}")
chart=$(sed -n 's/^version: *//p' helm/agent-pacing/Chart.yaml)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for run in first second; do
  .venv/bin/python -m hatchling build -t sdist -t wheel -d "$work/$run" >/dev/null
  .venv/bin/python scripts/write_sbom.py requirements/node.lock >"$work/$run/agent-pacing-$VERSION.cdx.json"
  # As `helm package` does, but with the same times in every build, and without needing helm.
  (cd helm && find agent-pacing \( -name ci -o -name unittests \) -prune -o ! -type d -print0 | sort -z |
    tar --create --null --files-from=- --dereference --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 \
      --numeric-owner --mode=go=rX,u+rw) |
    gzip -n >"$work/$run/agent-pacing-chart-$chart.tgz"
  (cd "$work/$run" && sha256sum -- * >SHA256SUMS)
done
diff -r "$work/first" "$work/second" || { echo "release: two builds of the same sources differ" >&2; exit 1; }
mkdir -p "$target"
cp "$work"/first/* "$target/"
cat "$target/SHA256SUMS"

# The image is no part of that comparison: an engine writes times into layers. It is made where an engine has, or gets, its base.
base=${BASE:-python:3.11-slim-bookworm}
if ! docker version >/dev/null 2>&1; then
  echo "release: no image: no container engine answers" >&2
elif ! docker image inspect "$base" >/dev/null 2>&1 && ! docker pull --quiet "$base" >/dev/null 2>&1; then
  echo "release: no image: the base $base cannot be had (BASE)" >&2
else
  image=agent-pacing-$VERSION-image-$(docker version --format '{{.Server.Arch}}').tar.gz
  BASE=$base scripts/build_image.sh node
  docker save "agent-pacing:$VERSION" | gzip -n >"$target/$image"
  (cd "$target" && sha256sum -- "$image" >>SHA256SUMS && tail -n 1 SHA256SUMS)
fi
