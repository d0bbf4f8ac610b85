"""A cluster whose nodes keep their state on a small disk of their own, which can be filled."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

from simulator.attack.ground import Ground, with_secret
from simulator.harness.proxy_wiring import ProxyWiring

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from simulator.harness.node_files import NodePlan

DISK = "disk"
"""Directory of a node, a file system of its own of 1 MiB."""
_FILL = "filled"


class DiskWiring(ProxyWiring):
    """The usual proxies; and a small file system for each node, which is there from before its start to the end."""

    def __init__(self) -> None:
        super().__init__()
        self.disks: list[Path] = []

    async def hosts(self, plan: NodePlan, hosts: str) -> str:
        """Mount the node's disk; the hosts it is to use."""
        disk = plan.directory / DISK
        disk.mkdir(parents=True)
        _run("mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", str(disk))
        self.disks.append(disk)
        return await super().hosts(plan, hosts)

    async def stop(self) -> None:
        """End all proxies, and unmount."""
        await super().stop()
        for disk in self.disks:
            _run("umount", "--lazy", str(disk))
        self.disks.clear()

    def fill(self) -> None:
        """Leave no byte free on any disk."""
        for disk in self.disks:
            with (disk / _FILL).open("wb", buffering=0) as file:
                try:
                    while True:
                        file.write(b"\0" * 4096)
                except OSError:
                    continue

    def free(self) -> None:
        """Take the filling away."""
        for disk in self.disks:
            (disk / _FILL).unlink(missing_ok=True)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - ours


def why_no_disk() -> str:
    """Why no file system can be mounted here; empty when one can."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return "mounting needs root and the program mount"
    return ""


def _equipment(_: Path) -> Mapping[str, Any]:
    return {
        "wiring": DiskWiring(),
        "node_extra": lambda plan: {**with_secret(plan), "state_directory": str(plan.directory / DISK / "state")},
        "cluster_extra": lambda _: {"log": {"all": f"stdout, {DISK}/pacing-log"}, "alarms": {"requestsFailed": 1}},
    }


SMALL_DISKS = Ground("small-disks", equipment=_equipment, why_impossible=why_no_disk)
