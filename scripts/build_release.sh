#!/usr/bin/env bash
# Make a release: source archive, wheel, SBOM (CycloneDX) and checksums. All of it is built twice and must have the same bytes.
# Usage: scripts/build_release.sh [DIRECTORY]; dist unless given.
# The version comes from pyproject.toml, and CHANGELOG.md must speak of it.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/release_environment.sh

grep -qE "^## (Unreleased|\[?$VERSION\]?)" CHANGELOG.md || { echo "release: CHANGELOG.md says nothing of $VERSION" >&2; exit 1; }
target=$(realpath -m "${1:-dist}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for run in first second; do
  .venv/bin/python -m hatchling build -t sdist -t wheel -d "$work/$run" >/dev/null
  .venv/bin/python scripts/write_sbom.py requirements/node.lock >"$work/$run/agent-pacing-$VERSION.cdx.json"
  (cd "$work/$run" && sha256sum -- * >SHA256SUMS)
done
diff -r "$work/first" "$work/second" || { echo "release: two builds of the same sources differ" >&2; exit 1; }
mkdir -p "$target"
cp "$work"/first/* "$target/"
cat "$target/SHA256SUMS"
