"""What a first term would wait for, done before: tables of the laws, the state of many targets, texts of a first push.

A standby rehearses once for each master, and when settings or targets change: it calculates and forgets the result. All
of it is aside of the loop, which goes on meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any

from cluster.tasks import spawn
from pacing_node.algorithms.state import UnusableStateError
from pacing_node.cycle.pacing_state import PacingState
from pacing_node.cycle.payload import build_push

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from pacing_node.algorithms.model import Snapshot
    from pacing_node.cycle.plan import CycleSettings, Plan
    from pacing_node.cycle.report import CycleReport
    from pacing_node.engagement.platform import EngagementPlatform
    from pacing_node.engagement.push_columns import PushColumns
    from pacing_node.targets import TargetSet


class Rehearsal:
    """Rehearses the first cycle of a term."""

    def __init__(
        self, plan: Plan, platform: EngagementPlatform, aside: Callable[..., Coroutine[Any, Any, Any]]
    ) -> None:
        """``aside`` calls a function where the loop does not wait for it."""
        self._plan = plan
        self._platform = platform
        self._aside = aside
        self._occasion: object = None
        self._task: asyncio.Task[None] | None = None
        self._fresh: PacingState | None = None

    @property
    def begun(self) -> bool:
        """Whether there has been one."""
        return self._occasion is not None

    def begin(self, snapshot: Snapshot, report: CycleReport | None, *, make_state: bool) -> None:
        """Rehearse, unless that has been done for this master, these settings and targets.

        With what ``report`` says was learned; ``make_state``: also make a state for a first term.
        """
        settings, targets = self._plan.settings, self._plan.targets
        occasion = (settings, targets and targets.version, report and report.epoch)
        if targets is None or occasion == self._occasion or (self._task is not None and not self._task.done()):
            return
        self._occasion = occasion
        learned = report.learned_state if report is not None else b""
        self._task = spawn("rehearsal", self._rehearse(settings, targets, snapshot, learned, make_state), finite=True)

    async def ended(self) -> None:
        """Wait for the one that is going on."""
        if self._task is not None and not self._task.done():
            await asyncio.wait([self._task])

    def take_fresh_state(self) -> PacingState | None:
        """A state that has learned nothing, made ahead for a first term; None when there is none."""
        fresh, self._fresh = self._fresh, None
        return fresh

    async def _rehearse(
        self, settings: CycleSettings, targets: TargetSet, snapshot: Snapshot, learned: bytes, make_state: bool
    ) -> None:
        entries, self._fresh = await self._aside(rehearse, settings, targets, snapshot, learned, make_state)
        # A term that begins waits for the tables, and does not wait for this.
        spawn("rehearsal.push", self._platform.prepare(entries), finite=True)


def rehearse(
    settings: CycleSettings, targets: TargetSet, snapshot: Snapshot, learned: bytes, make_state: bool
) -> tuple[PushColumns, PacingState | None]:
    """Calculate once with a state of its own, which has learned what ``learned`` says.

    Returns what would be pushed and, with ``make_state``, another state, which has learned nothing.
    """
    state, now = PacingState(settings, targets), time.time()
    if learned:
        with contextlib.suppress(UnusableStateError):  # the term that resumes from it says so
            state.restore(learned, now)
    cycle = state.rehearse(snapshot, now)
    entries = build_push(state, cycle, settings.refresh_seconds)
    return entries, PacingState(settings, targets) if make_state else None
