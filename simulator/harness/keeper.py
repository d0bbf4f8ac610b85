"""Keeps the nodes alive as an operator's supervisor would, and remembers which terms ended with a death."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.harness.harness_error import HarnessError

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
    term: int | None
    """Epoch of the term that ended with it; None for a standby."""


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
        self._ended_terms: set[int] = set()
        self._succeeded_at: dict[int, float] = {}
        self._unwanted = 0

    def kill(self, name: str, term: int) -> int:
        """Kill the working process of the master ``name`` in its term ``term``; return the process id.

        Raises ProcessLookupError when it is not running.
        """
        pid = self._nodes[name].kill_worker()
        self._killed.add(name)
        self._ended_terms.add(term)
        return pid

    def died(self, term: int) -> bool:
        """Whether this term ended because the master's process did."""
        return term in self._ended_terms

    def succeeded(self, term: int) -> None:
        """Hear that a successor of this term has pushed."""
        self._succeeded_at.setdefault(term, self._clock())

    @property
    def awaiting_successor(self) -> bool:
        """Whether a master was killed and nobody has pushed since."""
        return any(term not in self._succeeded_at for term in self._ended_terms)

    def look_after(self, master: str | None, term: int) -> None:
        """Notice who has ended and start again who was away long enough; ``master`` held ``term`` when last seen.

        Raises HarnessError when nodes end again and again.
        """
        for name, node in self._nodes.items():
            if node.running:
                continue
            if name not in self._absent:
                self._notice(name, node, term if name == master else None)
            elif self._clock() >= self._return_at(self._absent[name]):
                del self._absent[name]
                node.start()
                self._say(f"{name} is started again, process {node.pid}")

    def _notice(self, name: str, node: DemoProcess, term: int | None) -> None:
        self._absent[name] = _Absence(self._clock(), term)
        if term is not None:
            self._ended_terms.add(term)
        if name in self._killed:
            self._killed.discard(name)
            return
        self._unwanted += 1
        self._say(f"{name} ended by itself, {node.ending()}")
        if self._unwanted >= MOST_UNWANTED_DEATHS:
            raise HarnessError(f"nodes ended {self._unwanted} times; the last was {name}{node.tail()}")

    def _return_at(self, absence: _Absence) -> float:
        if absence.term is None or len(self._nodes) == 1:
            return absence.since + RETURN_AFTER_SECONDS
        succeeded = self._succeeded_at.get(absence.term)
        latest = absence.since + RETURN_AT_LATEST_SECONDS
        return latest if succeeded is None else min(latest, succeeded + RETURN_AFTER_SECONDS)
