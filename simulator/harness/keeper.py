"""Keeps the nodes alive as an operator's supervisor would, and remembers which reigns ended with a death."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.harness.options import DemoError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from simulator.harness.processes import DemoProcess

RETURN_AFTER_SECONDS = 3.0
"""How long a dead node stays away, so that its absence is seen; for a master from its successor's push on."""
RETURN_AT_LATEST_SECONDS = 12.0
"""How long a dead master stays away when no successor appears."""
MOST_UNWANTED_DEATHS = 10
"""Unwanted ends of nodes after which the demonstration gives up."""


@dataclass(slots=True)
class _Absence:
    since: float
    reign: int | None
    """Epoch of the reign that ended with it; None for a standby."""


class NodeKeeper:
    """Notices nodes that end, and starts them again after a while."""

    def __init__(
        self, nodes: Mapping[str, DemoProcess], say: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._nodes = nodes
        self._say = say
        self._clock = clock
        self._absent: dict[str, _Absence] = {}
        self._killed: set[str] = set()
        self._ended_reigns: set[int] = set()
        self._succeeded_at: dict[int, float] = {}
        self._unwanted = 0

    def kill(self, name: str, reign: int) -> int:
        """Kill the working process of the master ``name`` in its reign ``reign``; return the process id.

        Raises ProcessLookupError when it is not running.
        """
        pid = self._nodes[name].kill_worker()
        self._killed.add(name)
        self._ended_reigns.add(reign)
        return pid

    def died(self, reign: int) -> bool:
        """Whether this reign ended because the master's process did."""
        return reign in self._ended_reigns

    def succeeded(self, reign: int) -> None:
        """Hear that a successor of this reign has pushed."""
        self._succeeded_at.setdefault(reign, self._clock())

    @property
    def awaiting_successor(self) -> bool:
        """Whether a master was killed and nobody has pushed since."""
        return any(reign not in self._succeeded_at for reign in self._ended_reigns)

    def look_after(self, master: str | None, reign: int) -> None:
        """Notice who has ended and start again who was away long enough; ``master`` held ``reign`` when last seen.

        Raises DemoError when nodes end again and again.
        """
        for name, node in self._nodes.items():
            if node.running:
                continue
            if name not in self._absent:
                self._notice(name, node, reign if name == master else None)
            elif self._clock() >= self._return_at(self._absent[name]):
                del self._absent[name]
                node.start()
                self._say(f"{name} is started again, process {node.pid}")

    def _notice(self, name: str, node: DemoProcess, reign: int | None) -> None:
        self._absent[name] = _Absence(self._clock(), reign)
        if reign is not None:
            self._ended_reigns.add(reign)
        if name in self._killed:
            self._killed.discard(name)
            return
        self._unwanted += 1
        self._say(f"{name} ended by itself, {node.ending()}")
        if self._unwanted >= MOST_UNWANTED_DEATHS:
            raise DemoError(f"nodes ended {self._unwanted} times; the last was {name}{node.tail()}")

    def _return_at(self, absence: _Absence) -> float:
        if absence.reign is None or len(self._nodes) == 1:
            return absence.since + RETURN_AFTER_SECONDS
        succeeded = self._succeeded_at.get(absence.reign)
        latest = absence.since + RETURN_AT_LATEST_SECONDS
        return latest if succeeded is None else min(latest, succeeded + RETURN_AFTER_SECONDS)
