"""A day of the pacing cycle in minutes: the node's own cycle on a clock that jumps from one timer to the next.

Real: the cycle with its law, ledger and push, the standalone mastership with 23 hand-overs, reports encoded
and decoded as for a standby, a scrape of the metrics every minute. Virtual: time. Replaced: statistics and platform are
the event-driven contact centre in this process, so no sockets are opened; the soak of a cluster of processes has those.

Usage: python scripts/soak_virtual.py [--hours 24]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import os
import sys
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import looptime
import structlog
from prometheus_client import CollectorRegistry, generate_latest

from cluster.backends.standalone import StandaloneMastership
from cluster.settings import ClusterSettings
from cluster.tasks import spawn
from pacing_node.api.metrics import MetricSources, NodeCollector
from pacing_node.cycle.cycle_counters import CycleCounters
from pacing_node.cycle.latest_report import LatestReport
from pacing_node.cycle.pacer import Pacer
from pacing_node.cycle.plan import CycleSettings, Plan
from pacing_node.cycle.report import CycleReport, decode
from pacing_node.engagement.platform import PushOutcome, PushStatus, TargetPush
from pacing_node.engagement.replies import TargetReply
from pacing_node.targets import PacingTarget, TargetSet
from simulator.benchmark.live import LiveStatistics
from simulator.harness.process_readings import open_files as count_files
from simulator.harness.process_readings import resident_mib as measure_memory
from simulator.harness.process_readings import threads as count_threads
from simulator.model import ContactCentre
from simulator.scenarios import load_scenario
from simulator.soak.growth import FILES, MEMORY, OBJECTS, TASKS, THREADS, Growth, Quantity, judge, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cluster.token import Token
    from pacing_node.algorithms.model import Snapshot

_EPOCH = 1_700_000_000.0
_HOUR = 3600.0
_SAMPLES = 48
_HAND_OVERS = 24
_GOAL_PERCENT = 3.0


class Clock:
    """Time that jumps to the next timer instead of being waited for, in seconds."""

    def __init__(self) -> None:
        self.loop = looptime.new_event_loop(start=0.0)

    @property
    def now(self) -> float:
        """Seconds since the start."""
        return self.loop.time()


@contextlib.contextmanager
def jumping_time(clock: Clock) -> Iterator[None]:
    """All code that asks ``time`` for the calendar, the monotonic or the boot clock gets the virtual one."""
    # Functions of a module are no variables to mypy, which refuses each of these by its type.
    calendar, monotonic, by_number = time.time, time.monotonic, time.clock_gettime
    time.time = lambda: _EPOCH + clock.now  # type: ignore[assignment]
    time.monotonic = lambda: clock.now  # type: ignore[assignment]
    time.clock_gettime = lambda _number: clock.now
    try:
        yield
    finally:
        time.time, time.monotonic, time.clock_gettime = calendar, monotonic, by_number  # type: ignore[assignment]


class Statistics:
    """The source of statistics, as the cycle asks it."""

    warmed_up = True

    def __init__(self, centre: ContactCentre, clock: Clock) -> None:
        self._centre, self._clock = centre, clock
        self._statistics = LiveStatistics(centre)

    def snapshot(self, _stale_after_seconds: float) -> Snapshot:
        """The state of the centre at this moment."""
        self._centre.run_until(self._clock.now)
        return self._statistics.snapshot(time.time())


class Platform:
    """The engagement platform: takes what is allowed, and answers after some milliseconds."""

    def __init__(self, centre: ContactCentre) -> None:
        self._centre = centre
        self.pushes = 0

    async def push(
        self, _token: Token, targets: Sequence[TargetPush], _deadline: float, _prev: int | None = None
    ) -> PushOutcome:
        """Allow the invitations, and report what became of those before."""
        await asyncio.sleep(0.02)
        self.pushes += 1
        return PushOutcome(PushStatus.ACCEPTED, replies=tuple(self._allow(each) for each in targets))

    def _allow(self, push: TargetPush) -> TargetReply:
        target = self._centre.target(push.target.name)
        if target is None:
            return TargetReply(error="unknown")
        self._centre.allow(target, push.invitations, push.interval_seconds, push.inbound_portion)
        report = self._centre.report(target)
        return TargetReply(report.pending, report.acceptance_ratio, report.accept_seconds, report.refuse_seconds)


class Day:
    """A node alone with its contact centre."""

    def __init__(self, hours: float, refresh_seconds: float) -> None:
        self.clock = Clock()
        self.hours = hours
        self.centre = ContactCentre(load_scenario("demo").centre)
        self.platform = Platform(self.centre)
        self.cycle_counters, self.latest_report, self.standby = CycleCounters(), LatestReport(), LatestReport()
        settings = ClusterSettings(node="soak", cluster="soak", zookeeper_hosts=None)
        self.mastership = StandaloneMastership(settings)
        self.plan = Plan()
        self.plan.use_settings(CycleSettings(refresh_seconds=refresh_seconds))
        self.plan.use_targets(TargetSet("1", tuple(_target(each) for each in self.centre.targets)))
        self.series: dict[Quantity, list[tuple[float, float]]] = defaultdict(list)
        self.terms = 0

    async def run(self) -> list[Growth]:
        """Live through it; how everything has developed."""
        pacer = Pacer(
            mastership=self.mastership,
            statistics=Statistics(self.centre, self.clock),  # type: ignore[arg-type] - what the cycle asks for
            platform=self.platform,  # type: ignore[arg-type] - what the cycle asks for
            plan=self.plan,
            latest_report=self.latest_report,
            share=self._share,
            cycle_counters=self.cycle_counters,
            aside=_at_once,
        )
        await self.mastership.start()
        running = [spawn("pacer", pacer.run()), spawn("scrape", self._scrape()), spawn("operator", self._operate())]
        for number in range(1, _SAMPLES + 1):
            await asyncio.sleep(self.hours * _HOUR / _SAMPLES)
            self._sample()
            if number % (_SAMPLES // 4) == 0:
                print(f"  {self.clock.now / _HOUR:5.1f} h: {self.platform.pushes} pushes, {self.terms} hand-overs")
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self.mastership.stop()
        return [judge("node, virtual time", quantity, samples) for quantity, samples in self.series.items()]

    def _share(self, _report: CycleReport, body: bytes) -> None:
        """As the master hands it to a standby, and the standby reads it."""
        self.standby.post(decode(body), time.monotonic())

    async def _scrape(self) -> None:
        sources = MetricSources(
            status=lambda: self.mastership.status,
            transitions=dict,
            statistics=lambda: (),
            loop_lag_seconds=lambda: 0.0,
            latest_report=self.latest_report,
            cycle_counters=self.cycle_counters,
        )
        registry = CollectorRegistry()
        registry.register(NodeCollector(sources))
        while True:
            await asyncio.sleep(60.0)
            generate_latest(registry)

    async def _operate(self) -> None:
        while True:
            await asyncio.sleep(self.hours * _HOUR / _HAND_OVERS)
            self.terms += await self.mastership.step_down()

    def _sample(self) -> None:
        gc.collect()
        pid = os.getpid()
        for quantity, value in (
            (FILES, count_files(pid)),
            (THREADS, count_threads(pid)),
            (TASKS, len(asyncio.all_tasks())),
            (OBJECTS, len(gc.get_objects())),
            (MEMORY, measure_memory(pid)),
        ):
            self.series[quantity].append((self.clock.now, float(value)))


def _target(target: Any) -> PacingTarget:
    spec = target.spec
    goal = _GOAL_PERCENT if spec.goal is None else spec.goal
    agents = tuple(sorted(agent.user_name for agent in target.agents))
    return PacingTarget(spec.target, spec.name, spec.number, "switch", target.media, goal, ("all",), agents)


async def _at_once(work: Any, *arguments: object) -> None:
    """A thread would not go by the loop's time."""
    work(*arguments)


def main() -> int:
    """The exit status: 0 when nothing has grown and a push went out in every period but those of hand-overs."""
    parser = argparse.ArgumentParser(description="A day of the pacing cycle in virtual time.")
    parser.add_argument("--hours", type=float, default=24.0, help="hours of virtual time")
    parser.add_argument("--refresh", type=float, default=5.0, help="refresh period in seconds")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    began = time.perf_counter()
    day = Day(given.hours, given.refresh)
    with jumping_time(day.clock), asyncio.Runner(loop_factory=lambda: day.clock.loop) as runner:
        growths = runner.run(day.run())
    print(table(growths))
    expected = given.hours * _HOUR / given.refresh - 3.0 * (day.terms + 1)
    grows = not all(growth.passed for growth in growths)
    failed = day.cycle_counters.failed_cycles or day.platform.pushes < expected
    seconds, word = time.perf_counter() - began, "SOMETHING GROWS" if grows else "nothing grows"
    print(
        f"soak: {given.hours:g} h of virtual time in {seconds:.0f} s, {day.platform.pushes} pushes, "
        f"{day.cycle_counters.failed_cycles} failed cycles, {day.terms} hand-overs, {word}"
    )
    return 1 if grows or failed else 0


if __name__ == "__main__":
    sys.exit(main())
