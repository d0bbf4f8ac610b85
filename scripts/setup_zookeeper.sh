#!/usr/bin/env bash
# Make sure that a ZooKeeper can be started, and print which way was picked. Usage: scripts/setup_zookeeper.sh [--required]
# The order: PACING_TEST_ZOOKEEPER; one that is installed (Debian package, zkServer.sh or jar with java); as root, the
# system's packages; a Docker engine. `simulator.harness.zookeeper.find_zookeeper` decides what can be used; this script
# only adds the installation. No system service is started. Without any, exit status 0, or 1 with --required.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/system_packages.sh

# One line for people; exit status 0 when a ZooKeeper is at hand, 3 when only a container is, 1 when none.
find_zookeeper() { .venv/bin/python -m simulator.harness.pick; }

status=0
found=$(find_zookeeper) || status=$?
if [ "$status" != 0 ] && [ -z "${PACING_TEST_ZOOKEEPER:-}" ] && can_install_packages; then
  echo "setup: installing ZooKeeper and a Java runtime through the system's packages" >&2
  # The library package holds the server; the package `zookeeper` would only add scripts and a desktop Java.
  install_packages default-jre-headless libzookeeper-java || echo "setup: the system's packages could not install ZooKeeper" >&2
  status=0
  found=$(find_zookeeper) || status=$?
fi
case $status in
  0 | 3) echo "ZooKeeper: $found" ;;
  1)
    echo "setup: $found" >&2
    [ "${1:-}" != --required ] || exit 1
    ;;
  *) exit "$status" ;;
esac
