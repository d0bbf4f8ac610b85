"""A standby keeps its way to the platform open."""

from __future__ import annotations

import asyncio

import pytest

from cluster.tasks import cancel
from pacing_node.engagement.warm_way import EVERY_SECONDS, WarmWay
from tests.support.cycle_parts import FakePlatform

pytestmark = pytest.mark.looptime


class Warmed(FakePlatform):
    """Notes when its way was warmed up, by the loop."""

    def __init__(self) -> None:
        super().__init__()
        self.warmed: list[float] = []

    async def warm_up(self, seconds: float) -> None:
        self.warmed.append(asyncio.get_running_loop().time())


async def test_a_standby_warms_up_when_it_has_started_and_again_before_the_connection_is_idle_for_long() -> None:
    platform = Warmed()
    began = asyncio.get_running_loop().time()
    running = asyncio.ensure_future(WarmWay(platform, lambda: False, 1.0).run())
    await asyncio.sleep(2.5 * EVERY_SECONDS)
    await cancel(running)
    assert [at - began for at in platform.warmed] == [0.0, EVERY_SECONDS, 2 * EVERY_SECONDS]


async def test_a_master_sends_nothing_beside_its_pushes() -> None:
    platform, leads = Warmed(), True
    running = asyncio.ensure_future(WarmWay(platform, lambda: leads, 1.0).run())
    await asyncio.sleep(2.5 * EVERY_SECONDS)
    assert platform.warmed == []
    leads = False
    await asyncio.sleep(EVERY_SECONDS)
    await cancel(running)
    assert len(platform.warmed) == 1


async def test_a_sign_that_the_master_is_gone_does_not_wait_for_its_turn() -> None:
    platform = Warmed()
    WarmWay(platform, lambda: False, 1.0).at_once()
    await asyncio.sleep(0)
    assert len(platform.warmed) == 1
