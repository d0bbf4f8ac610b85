"""The demonstration itself: bring everything up, show it, kill the master when asked, end everything."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.demo.demo_report import PROCESS_DIED, UNKNOWN_CAUSE, Handover, build_report
from simulator.demo.goal_keeping import FIRST_SECONDS, GoalKeeping, goals_of
from simulator.demo.terminal_view import Scene
from simulator.harness.cluster_times import REFRESH_PERIOD_SECONDS
from simulator.harness.harness_error import HarnessError
from simulator.harness.keeper import NodeKeeper
from simulator.harness.observation import ClusterObserver

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from simulator.demo.demo_options import DemoOptions
    from simulator.demo.narration import Narrator
    from simulator.harness.push_audit import TermChange
    from simulator.harness.stage import Stage

LOOK_SECONDS = 0.5
"""Time between two looks at everything."""
_PUSH_POLL_SECONDS = 0.02
_LAST_LOOK_SECONDS = 30.0
_CAUSE_SECONDS = 2.0


class Demonstration:
    """One run from the first process to the last."""

    def __init__(self, options: DemoOptions, narrator: Narrator, stage: Stage) -> None:
        self.stage = stage
        self._options = options
        self._narrator = narrator
        self._observer = ClusterObserver()
        self._keeper = NodeKeeper(self.stage.nodes, narrator.say)
        self._begun = 0.0
        self._announced = 0
        self._kill_at = options.kill_master_at_seconds
        self.goal_keeping: GoalKeeping | None = None
        """How the goals were kept after the first minute; None until the end, and after a shorter run."""
        self._goals_told_at = FIRST_SECONDS
        self._first_minute: dict[str, Any] = {}
        """What the contact centre had counted when the first minute was over; empty before."""

    async def run(self, stop: asyncio.Event) -> dict[str, Any] | None:
        """Run until the duration is over or ``stop`` is set; return the report, None when nothing was pushed by then.

        Raises HarnessError when a part does not come up or does not stay up. Everything is ended in any case.
        """
        try:
            if not await _unless(stop, self._start()):
                return None
            await self._show_until(stop)
            return await self._final_report(patient=not stop.is_set())
        finally:
            self._narrator.close()
            self._narrator.say("ending nodes, contact centre and ZooKeeper")
            await self.stage.stop()
            await self._observer.close()

    async def _start(self) -> None:
        await self.stage.start(self._observer.ready)
        self._observer.attach([plan.http for plan in self.stage.plans], self.stage.simulator_http)
        self._narrator.say("waiting for the first accepted push")
        deadline = time.monotonic() + self._options.startup_seconds
        while self._observer.audit.accepted == 0:
            await self._refresh()
            if time.monotonic() > deadline:
                logs = "".join(f"\n  {name}{node.tail()}" for name, node in self.stage.nodes.items())
                raise HarnessError(f"no push was accepted within {self._options.startup_seconds:g} s{logs}")
            await asyncio.sleep(_PUSH_POLL_SECONDS)

    async def _show_until(self, stop: asyncio.Event) -> None:
        self._begun = time.monotonic()
        while not stop.is_set() and not self._over():
            before = time.monotonic()
            await self._refresh()
            # Many targets make a look long; at most half of the time goes into looking.
            pause = max(LOOK_SECONDS, time.monotonic() - before)
            await self._look_at_goals()
            self._narrator.show(self._scene())
            if self._kill_at is not None and self._elapsed >= self._kill_at and await self._kill_master():
                self._kill_at = None
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)

    @property
    def _elapsed(self) -> float:
        return time.monotonic() - self._begun

    def _over(self) -> bool:
        return self._options.duration_seconds is not None and self._elapsed >= self._options.duration_seconds

    async def _refresh(self) -> None:
        self._note(await self._observer.refresh())
        self._tell_handovers()
        self.stage.check()
        self._keeper.look_after(*self._observer.last_term)

    async def _look_at_goals(self) -> None:
        """Begin to count when the first minute is over, and tell once a minute from then on."""
        if self._elapsed < self._goals_told_at:
            return
        self._goals_told_at += FIRST_SECONDS
        if not self._first_minute:
            self._first_minute = await self._observer.centre_with_targets()
        elif (keeping := await self._goals_so_far()) is not None:
            self._narrator.say(str(keeping))

    async def _goals_so_far(self) -> GoalKeeping | None:
        """How the goals were kept after the first minute, up to now; None while that cannot be said."""
        now = await self._observer.centre_with_targets() if self._first_minute else {}
        return GoalKeeping.between(self._first_minute, now, goals_of(self._observer.seen.targets)) if now else None

    def _note(self, changes: list[TermChange]) -> None:
        for change in changes:
            self._keeper.succeeded(change.old_epoch)

    def handovers(self) -> list[Handover]:
        """All hand-overs so far, with what is known of them by now: members write causes down a moment later."""
        observer = self._observer
        found = []
        for change in observer.audit.changes:
            cause = observer.causes.get(change.old_epoch, UNKNOWN_CAUSE)
            if self._keeper.died(change.old_epoch):
                cause = PROCESS_DIED
            found.append(Handover.of(change, cause=cause, masters=observer.masters))
        return found

    def _tell_handovers(self) -> None:
        """Tell hand-overs once their cause is known, or has stayed unknown for a while."""
        for each, change in zip(self.handovers(), self._observer.audit.changes, strict=True):
            known = each.cause != UNKNOWN_CAUSE or time.time() - change.first_accepted_at > _CAUSE_SECONDS
            if each.epoch > self._announced and known:
                self._announced = each.epoch
                self._narrator.say(f"hand-over: {each}")

    async def _kill_master(self) -> bool:
        """Kill the node whose push was accepted last, right after that push: the gap then begins with a known push.

        False when it is not known who that is, or when it is gone already.
        """
        audit, before = self._observer.audit, self._observer.audit.accepted
        deadline = time.monotonic() + 3 * REFRESH_PERIOD_SECONDS
        while audit.accepted == before and time.monotonic() < deadline:
            self._note(await self._observer.read_pushes())
            await asyncio.sleep(_PUSH_POLL_SECONDS)
        name, term = self._observer.last_term
        if name is None or not self.stage.nodes[name].running:
            return False
        pid = self._keeper.kill(name, term)
        self._narrator.say(f"killed the master {name} in epoch {term}: SIGKILL to process {pid}")
        return True

    def _scene(self) -> Scene:
        audit, centre = self._observer.audit, self._observer.seen.centre
        address = self.stage.plans[0].http
        order = f"step-down --secret-file {_short(self.stage.secret_file)}"
        prefix = "" if address.endswith(":8080") else f"PACING_URL={address} "
        return Scene(
            title=f"ZooKeeper: {self.stage.zookeeper} · scenario {self._options.scenario}",
            commands=[f"{prefix}.venv/bin/pacing {command}" for command in ("list", "targets", order)],
            seen=self._observer.seen,
            processes={name: node.worker_pid for name, node in self.stage.nodes.items() if node.running},
            accepted=audit.accepted,
            refused=audit.refused,
            out_of_order=max(audit.out_of_order, int(centre.get("accepted_out_of_order", 0))),
            elapsed_seconds=self._elapsed,
            duration_seconds=self._options.duration_seconds,
            handovers=self.handovers(),
        )

    async def _final_report(self, *, patient: bool) -> dict[str, Any]:
        """The report from a last look; a node or master that is just coming gets a moment unless the end is urgent."""
        deadline = time.monotonic() + (_LAST_LOOK_SECONDS if patient else 0.0)
        await self._refresh()
        while self._incomplete() and time.monotonic() < deadline:
            await asyncio.sleep(LOOK_SECONDS)
            await self._refresh()
        self.goal_keeping = await self._goals_so_far()
        return build_report(self._observer.seen, self._observer.audit, self.handovers(), self.goal_keeping)

    def _incomplete(self) -> bool:
        return self._observer.seen.reachable < len(self.stage.nodes) or self._keeper.awaiting_successor


def _short(path: Path) -> str:
    """A path as one types it here."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Do ``work`` unless ``stop`` is set first; whether it was done. Its exception is raised here."""
    doing, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((doing, stopping), return_when=asyncio.FIRST_COMPLETED)
        if not doing.done():
            return False
        await doing
        return True
    finally:
        doing.cancel()
        stopping.cancel()
        await asyncio.gather(doing, stopping, return_exceptions=True)
