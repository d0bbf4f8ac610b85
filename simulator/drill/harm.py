"""What a drill is made of: a harm, what follows from it, and what is demanded. The same wherever the cluster runs.

A place where a cluster runs contributes its harms alone: how a node is killed there, cut off, taken away. Who waits for
what, and from where to where a gap is measured, is here.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic

from simulator.drill.field import WAIT_SECONDS, C, Field
from simulator.drill.verdict import DrillResult, Measured
from simulator.harness.harness_error import HarnessError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from simulator.drill.field import Options
    from simulator.drill.verdict import Expectation
    from simulator.harness.bounds import Bounds

_STAY_SECONDS = 2.0
"""How long a fault lasts beyond its effect, so that what it hides is seen."""


@dataclass(frozen=True, slots=True)
class Drill(Generic[C]):
    """One drill on clusters of one kind."""

    about: str
    """One sentence or two for people: what is done."""
    run: Callable[[Field[C]], Awaitable[float]]
    """Does it; returns the gap in seconds. Raises HarnessError when it cannot be finished."""
    demand: Callable[[Bounds], Expectation]


@dataclass(frozen=True, slots=True)
class Harm(Generic[C]):
    """A way to harm a part of a cluster, a node or a member of ZooKeeper, that is named."""

    begin: Callable[[C, str], Awaitable[str]]
    """Does it to the part of that name; returns a line for the timeline."""
    end: Callable[[C, str], Awaitable[str]]
    """Undoes it, or waits until it has passed; returns a line for the timeline."""


def master_lost(harm: Harm[C], *, stays: bool) -> Callable[[Field[C]], Awaitable[float]]:
    """Harm the master; the gap lasts from then to the first push of the next term.

    ``stays``: the harm lasts beyond that, and three pushes more are watched when it is undone.
    """

    async def run(field: Field[C]) -> float:
        master, epoch = await field.mid_period(), field.cluster.epoch
        fault_at = time.time()
        text = await harm.begin(field.cluster, master)
        field.note(f"{text}, epoch {epoch}", fault_at)
        try:
            gap = (await field.successor(fault_at, epoch)).received_at - fault_at
            await asyncio.sleep(_STAY_SECONDS if stays else 0.0)
        finally:
            text = await harm.end(field.cluster, master)
        field.note(text)
        if stays:
            await field.next_pushes(3, time.time())
        return gap

    return run


def ensemble_member_lost(
    find: Callable[[C], Awaitable[str | None]], harm: Harm[C]
) -> Callable[[Field[C]], Awaitable[float]]:
    """Harm the member of ZooKeeper that ``find`` names; the gap is the longest interval of the next five pushes."""

    async def run(field: Field[C]) -> float:
        await field.mid_period()
        member = await find(field.cluster)
        if member is None:
            raise HarnessError("the ensemble has no leader")
        fault_at = time.time()
        field.note(await harm.begin(field.cluster, member), fault_at)
        try:
            await field.next_pushes(5, fault_at)
            gap = await field.interval(fault_at)
        finally:
            text = await harm.end(field.cluster, member)
        field.note(text)
        return gap

    return run


def one_after_the_other(harm: Harm[C]) -> Callable[[Field[C]], Awaitable[float]]:
    """End every node in order and have it back, the master last; the gap is the worst of those of a master."""

    async def run(field: Field[C]) -> float:
        cluster, worst = field.cluster, 0.0
        first_master = await field.mid_period()
        for name in [*(each for each in cluster.nodes if each != first_master), first_master]:
            master, epoch = await field.mid_period(), cluster.epoch
            fault_at = time.time()
            text = await harm.begin(cluster, name)
            field.note(f"{text}{', the master' if name == master else ''}", fault_at)
            if name == master:
                worst = max(worst, (await field.successor(fault_at, epoch)).received_at - fault_at)
            text = await harm.end(cluster, name)
            await cluster.steady()
            field.note(text)
        return worst

    return run


async def run_drill(
    name: str, drill: Drill[C], cluster: C, options: Options, say: Callable[[str], None]
) -> DrillResult:
    """Run one drill on a cluster made steady first. A drill that cannot be finished has failed."""
    expectation = drill.demand(cluster.bounds)
    await cluster.steady()
    say(f"{name}: {drill.about}")
    field = Field(cluster, options, say)
    try:
        gap = await drill.run(field)
        await cluster.steady()
        result = DrillResult.judge(name, expectation, await field.measured(gap))
    except HarnessError as error:
        missed = (await field.measured(0.0)).missed_periods
        measured = Measured(WAIT_SECONDS, missed, await cluster.out_of_order(), 0, (str(error).splitlines()[0],))
        result = DrillResult.judge(name, expectation, measured)
        await cluster.clear_faults()
        await cluster.mend()
    say(
        f"  gap {result.measured.gap_seconds:.3f} s, bound {expectation.bound_seconds:g} s, "
        f"{result.measured.missed_periods} periods missed, master changed {result.measured.master_changes} times: "
        + ("pass" if result.passed else "FAIL: " + "; ".join(result.shortcomings))
    )
    return result
