"""Which process wrote a member's entry, and whether it can still be alive."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from cluster.zookeeper.content import Content

if TYPE_CHECKING:
    from typing import Any

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_NAMESPACE = Path("/proc/self/ns/pid")
_START_TICKS = 19
"""Position of the start time among the fields of ``/proc/<pid>/stat`` that follow the name."""


class Life(StrEnum):
    """What is known of the process that wrote an entry."""

    OWN = "own"
    ALIVE = "alive"
    DEAD = "dead"
    UNKNOWN = "unknown"
    """It runs, or ran, where this process cannot look: another machine or container, or an older version."""


@dataclass(frozen=True, slots=True)
class OwnerProcess:
    """One process of the operating system; ``MemberInfo.incarnation`` is a random id beside it.

    A number of a process is used again, together with its start and the boot it is not.
    """

    boot: str = ""
    """Boot of the machine and namespace of process ids; empty where there is no /proc."""
    pid: int = 0
    started: int = 0
    """Start of the process in ticks since the boot."""

    @classmethod
    def current(cls) -> OwnerProcess:
        """The process that runs this."""
        pid = os.getpid()
        return cls(_boot(), pid, _started(pid) or 0)

    def as_content(self) -> dict[str, Any]:
        """What is written into the entry."""
        return asdict(self)

    def life(self, own: OwnerProcess) -> Life:
        """Whether this process is alive, as far as ``own`` can know."""
        if not self.boot or self.boot != own.boot or self.pid <= 0:
            return Life.UNKNOWN
        if self == own:
            return Life.OWN
        return Life.ALIVE if _started(self.pid) == self.started else Life.DEAD


def decode_owner_process(data: bytes) -> OwnerProcess:
    """The process in the content of a member's entry; of an older version nothing is known."""
    content = Content(data)
    return OwnerProcess(content.text("boot"), content.whole("pid") or 0, content.whole("started") or 0)


def _boot() -> str:
    try:
        return f"{_BOOT_ID.read_text().strip()} {_NAMESPACE.readlink()}"
    except OSError:
        return ""


def _started(pid: int) -> int | None:
    """Start of a process in ticks since the boot; None when there is no such process, or it is a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return None if fields[0] in {"Z", "X"} else int(fields[_START_TICKS])
    except (OSError, ValueError, IndexError):
        return None
