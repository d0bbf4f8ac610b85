"""Drills that harm no part of the cluster, and so are the same everywhere: an order, and trouble with the centre."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from simulator.drill.harm import Drill
from simulator.drill.verdict import Expectation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.drill.field import C, Field


def shared_drills() -> Mapping[str, Drill[C]]:
    """The drills by name."""
    return {
        "graceful": Drill(
            "Ask the master to resign.",
            graceful,
            lambda bounds: Expectation(bounds.planned, 1, 1, missed_allowed=False),
        ),
        "platform-outage": Drill(
            "The platform answers 503 for a while. The master keeps calculating and keeps its epoch.",
            platform_outage,
            lambda bounds: Expectation(bounds.platform_return),
        ),
        "statistics-failover": Drill(
            "The primary statistics server goes away; the backup serves.",
            statistics_failover,
            lambda bounds: Expectation(bounds.unnoticed, missed_allowed=False),
        ),
    }


async def graceful(field: Field[C]) -> float:
    """Ask the master to resign."""
    await field.rest()
    master, epoch = await field.mid_period(), field.cluster.epoch
    fault_at = time.time()
    field.note(f"{master} is asked to resign, epoch {epoch}", fault_at)
    await field.cluster.resign(master)
    return (await field.successor(fault_at, epoch)).received_at - fault_at


async def platform_outage(field: Field[C]) -> float:
    """The engagement platform answers 503 for a while; nobody is blamed for it."""
    await field.mid_period()
    await field.cluster.fault(kind="status", status=503)
    field.note("the platform answers 503")
    await asyncio.sleep(field.options.outage_seconds)
    await field.cluster.clear_faults()
    back_at = time.time()
    field.note("the platform answers well again", back_at)
    first = await field.next_pushes(3, back_at)
    field.note(f"first accepted push, epoch {first.epoch}", first.received_at)
    return first.received_at - back_at


async def statistics_failover(field: Field[C]) -> float:
    """The primary statistics server goes away; the backup serves."""
    await field.mid_period()
    fault_at = time.time()
    await field.cluster.fault(kind="statistics_down", server="primary")
    field.note("the primary statistics server is gone", fault_at)
    await field.next_pushes(5, fault_at)
    gap = await field.interval(fault_at)
    await field.cluster.clear_faults()
    field.note("the primary statistics server is back")
    await field.next_pushes(2, time.time())
    return gap
