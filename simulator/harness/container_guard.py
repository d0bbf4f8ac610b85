"""Removes what a process made at a container engine once that process has ended, however it ended.

testcontainers has a container of its own for this, the reaper, whose image cannot be had everywhere. Here it is a child
process in a session of its own: it reads from a pipe that the kernel closes with the process that made the containers,
also after SIGKILL, and removes everything that has its label.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
import uuid

import docker
from docker.errors import APIError, NotFound

OWNER = "agent-pacing.owner"
"""Label with the name of the guard of whoever made a container or network."""
_REMOVAL_SECONDS = 60.0
_QUIET_SECONDS = 15.0
"""After a kill: as long nothing new must appear. A child of the killed one, `docker compose up`, may make more."""
_IN_ORDER = b"in order"


class ContainerGuard:
    """One guard; what it removes has its label."""

    def __init__(self, label: str | None = None) -> None:
        """``label``, as KEY=VALUE, of what is to be removed: one of its own, or the one compose gives a project."""
        self.label = label or f"{OWNER}={uuid.uuid4().hex}"
        """Of what it removes."""
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        """The label's value."""
        return self.label.partition("=")[2]

    @property
    def labels(self) -> dict[str, str]:
        """Labels for what is to be removed."""
        key, _, value = self.label.partition("=")
        return {key: value}

    def start(self) -> None:
        """Begin, before the first container is made."""
        if self._process is None:
            command = [sys.executable, "-m", "simulator.harness.container_guard", self.label]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603 - our own

    def end(self) -> None:
        """Remove what is left, and wait until that is done."""
        if self._process is not None:
            self._process.communicate(_IN_ORDER, _REMOVAL_SECONDS)
            self._process = None


def remove(label: str) -> int:
    """Remove all containers, networks and volumes with a label, KEY=VALUE; how many there were."""
    client = docker.from_env()
    try:
        chosen = {"label": label}
        containers = client.containers.list(all=True, filters=chosen, ignore_removed=True)
        for container in containers:
            with contextlib.suppress(NotFound):
                container.remove(force=True, v=True)
        rest = [*client.networks.list(filters=chosen), *client.volumes.list(filters=chosen)]
        for each in rest:
            with contextlib.suppress(APIError):  # one that is in use again is removed in the next round
                each.remove()
        return len(containers) + len(rest)
    finally:
        client.close()


def main(arguments: list[str]) -> int:
    """Wait for the end of the pipe, then remove; returns the exit status."""
    in_order = sys.stdin.buffer.read() == _IN_ORDER
    until = time.monotonic() + (0.0 if in_order else _QUIET_SECONDS)
    while True:
        if remove(arguments[0]) and not in_order:
            until = time.monotonic() + _QUIET_SECONDS
        if time.monotonic() >= until:
            return 0
        time.sleep(0.5)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
