"""Removes what a process made at a container engine once that process has ended, however it ended.

testcontainers has a container of its own for this, the reaper, whose image cannot be had everywhere. Here it is a child
process in a session of its own: it reads from a pipe that the kernel closes with the process that made the containers,
also after SIGKILL, and removes everything that has the label of that process.
"""

from __future__ import annotations

import subprocess
import sys
import uuid

import docker

OWNER = "agent-pacing.owner"
"""Label with the name of the process that made a container or network."""
_REMOVAL_SECONDS = 30.0


class ContainerGuard:
    """One guard; what it removes has :attr:`labels`."""

    def __init__(self) -> None:
        self.name = uuid.uuid4().hex
        """Of this guard alone."""
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def labels(self) -> dict[str, str]:
        """Labels for what is to be removed."""
        return {OWNER: self.name}

    def start(self) -> None:
        """Begin, before the first container is made."""
        if self._process is None:
            command = [sys.executable, "-m", "simulator.harness.container_guard", self.name]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603 - our own

    def end(self) -> None:
        """Remove what is left, and wait until that is done."""
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            self._process.wait(_REMOVAL_SECONDS)
            self._process = None


def remove(owner: str) -> int:
    """Remove all containers and networks of an owner; how many there were."""
    client = docker.from_env()
    try:
        label = {"label": f"{OWNER}={owner}"}
        containers = client.containers.list(all=True, filters=label)
        for container in containers:
            container.remove(force=True, v=True)
        networks = client.networks.list(filters=label)
        for network in networks:
            network.remove()
        return len(containers) + len(networks)
    finally:
        client.close()


def main(arguments: list[str]) -> int:
    """Wait for the end of the pipe, then remove; returns the exit status."""
    sys.stdin.buffer.read()
    remove(arguments[0])
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
