#!/usr/bin/env bash
# Make a Debian package of the locked packages and this project: a virtual environment in /opt/agent-pacing, the unit, its user and
# places. Usage: scripts/build_deb.sh [DIRECTORY]; the package goes to DIRECTORY, dist unless given. Prints its path.
# The same sources make the same bytes, with the same Python.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/release_environment.sh
target=$(realpath -m "${1:-dist}")
base=/usr/bin/python3
home=/opt/agent-pacing

fail() { echo "deb: $*" >&2; exit 1; }
command -v dpkg-deb >/dev/null || fail "dpkg-deb is needed; this is no Debian or Ubuntu"
"$base" -c 'import venv, sys; sys.exit(sys.version_info < (3, 11))' || fail "$base must be Python 3.11 or newer with its venv module"

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
chmod 755 "$stage"
mkdir -p "$target"
.venv/bin/python -m hatchling build -t wheel -d "$stage/wheel" >/dev/null

"$base" -m venv --without-pip "$stage/root$home"
pip() { .venv/bin/python -m pip --python "$stage/root$home/bin/python3" -q --disable-pip-version-check "$@"; }
pip install --no-compile --require-hashes -r requirements/node.lock
pip install --no-compile --no-deps --no-index "$stage"/wheel/*.whl
# What remembers where it was built.
sed -i "1s|^#!.*|#!$home/bin/python3|" "$stage/root$home/bin/pacing"
sed -i '/^command = /d' "$stage/root$home/pyvenv.cfg"
find "$stage/root$home/bin" -type f ! -name pacing -delete
find "$stage/root$home" \( -name direct_url.json -o -name RECORD -o -name REQUESTED -o -name INSTALLER \) -delete
"$base" -m compileall -q -s "$stage/root" -p / --invalidation-mode unchecked-hash "$stage/root$home/lib"

put() { install -D -m "$1" "$2" "$stage/root$3"; }
put 644 deploy/systemd/agent-pacing.service /lib/systemd/system/agent-pacing.service
put 644 deploy/systemd/agent-pacing.sysusers.conf /usr/lib/sysusers.d/agent-pacing.conf
put 644 deploy/systemd/agent-pacing.tmpfiles.conf /usr/lib/tmpfiles.d/agent-pacing.conf
put 640 deploy/debian/node.yaml /etc/agent-pacing/node.yaml
put 640 deploy/debian/cluster.yaml /etc/agent-pacing/cluster.yaml
put 644 LICENSE /usr/share/doc/agent-pacing/copyright
for page in docs/*.md CHANGELOG.md; do put 644 "$page" "/usr/share/doc/agent-pacing/${page##*/}"; done
mkdir -p "$stage/root/usr/bin"
ln -s "$home/bin/pacing" "$stage/root/usr/bin/pacing"

mkdir "$stage/root/DEBIAN"
read -r python next < <("$base" -c 'import sys; a, b = sys.version_info[:2]; print(f"{a}.{b} {a}.{b + 1}")')
sed -e "s/@VERSION@/$VERSION/; s/@ARCHITECTURE@/$(dpkg --print-architecture)/; s/@PYTHON@/$python/; s/@NEXT_PYTHON@/$next/" \
  -e "s/@SIZE@/$(du -sk --apparent-size --exclude=DEBIAN "$stage/root" | cut -f 1)/" deploy/debian/control >"$stage/root/DEBIAN/control"
install -m 644 deploy/debian/conffiles "$stage/root/DEBIAN/"
install -m 755 deploy/debian/{postinst,prerm,postrm} "$stage/root/DEBIAN/"
find "$stage/root" -newermt "@$SOURCE_DATE_EPOCH" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
package="$target/agent-pacing_${VERSION}_$(dpkg --print-architecture).deb"
dpkg-deb --root-owner-group -Zgzip --build "$stage/root" "$package" >/dev/null
echo "$package"
