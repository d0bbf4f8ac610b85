"""The port through which the cycle reads statistics; adapters are beside this module."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from pacing_node.algorithms.model import Snapshot
    from pacing_node.targets import TargetSet


@dataclass(frozen=True, slots=True)
class ServerHealth:
    """One server of the HA pair as this node sees it."""

    name: str
    address: str
    connected: bool
    mode: str
    """``primary``, ``backup`` or ``unknown``."""
    age_seconds: float
    """Seconds since its last sign of life; infinite when there was none."""
    error: str = ""
    """The newest failure, for people; empty when it is well."""


class StatisticsSource(Protocol):
    """Keeps subscriptions open for every object of the target set and turns them into snapshots."""

    async def start(self) -> None:
        """Connect to the servers and keep them connected; returns at once."""
        ...

    async def stop(self) -> None:
        """Close every session."""
        ...

    def watch(self, targets: TargetSet) -> None:
        """Subscribe to what these targets need; what is already subscribed stays undisturbed."""
        ...

    def prepare(self, targets: TargetSet) -> Callable[[], None]:
        """Do of :meth:`watch` what takes long, on any thread; what is returned does the rest, on the loop's.

        Nothing else may be watched between the two.
        """
        ...

    def snapshot(self, stale_after_seconds: float) -> Snapshot:
        """The newest state of all targets, rows in the order of the watched target set.

        Increments count from the previous snapshot. Rows whose values are missing, invalid or older than the limit are
        not ``valid``. Never blocks.
        """
        ...

    def channel_capacity(self, media: str, groups: frozenset[str], stale_after_seconds: float) -> float | None:
        """What ready agents of these groups can take now, each agent once; no groups: all of the medium.

        None where that is not known: the statistics are older than the limit, or there is no server.
        """
        ...

    @property
    def warmed_up(self) -> bool:
        """True once every subscription of the watched targets has had its first value, or an invalid."""
        ...

    @property
    def health(self) -> tuple[ServerHealth, ...]:
        """The servers of the pair, primary first."""
        ...
