# shellcheck shell=bash
# Sourced by the set-up scripts: the system's packages, where this user may install them (root on Debian or Ubuntu).

can_install_packages() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && command -v dpkg >/dev/null; }

# Install packages without recommended ones. Finishes what an interrupted run left half configured, waits for another
# apt up to five minutes, and refreshes the package lists only when the first try fails. The output goes to the screen
# only on failure.
install_packages() {
  local output status=0
  output=$(mktemp)
  {
    export DEBIAN_FRONTEND=noninteractive
    dpkg --configure -a || true
    _apt_install "$@" || { _apt update && _apt -y --fix-broken install && _apt_install "$@"; }
  } </dev/null >"$output" 2>&1 || status=$?
  [ "$status" = 0 ] || tail -n 20 "$output" >&2
  rm -f "$output"
  return "$status"
}

# apt-get waits for dpkg's lock by itself; for the locks of its lists and archives it does not.
_apt() {
  local said status end=$((SECONDS + 300))
  said=$(mktemp)
  while true; do
    status=0
    apt-get -o DPkg::Lock::Timeout=300 "$@" 2>"$said" || status=$?
    cat "$said" >&2
    if [ "$status" = 0 ] || ! grep -q 'get lock' "$said" || [ "$SECONDS" -ge "$end" ]; then break; fi
    sleep 1
  done
  rm -f "$said"
  return "$status"
}

_apt_install() { _apt install -y --no-install-recommends "$@"; }
