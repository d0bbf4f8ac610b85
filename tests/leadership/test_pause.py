"""An operator pauses the cluster: there is a master, and it starts nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from cluster.pause import decode_pause
from tests.leadership.conftest import until
from tests.leadership.test_alone import alone

if TYPE_CHECKING:
    from pathlib import Path

    from tests.leadership.conftest import Members


@pytest.mark.ensemble
async def test_a_pause_holds_the_master_back_whoever_ordered_it_and_outlasts_a_hand_over(members: Members) -> None:
    a = await members.join("a")
    reign = await a.mastership.wait_for_reign()
    b = await members.join("b")
    await until(lambda: b.status().master == "a")
    await b.pause("an operator")
    await until(lambda: a.paused is not None)
    assert reign.seconds_to_act(0.1) == 0.0
    assert a.status().state == "paused"
    assert a.mastership.reign is reign
    await a.step_down("a test")
    again = await b.mastership.wait_for_reign()
    assert again.seconds_to_act(0.1) == 0.0
    assert await a.resume("an operator")
    await until(lambda: again.seconds_to_act(0.1) == 0.1)
    assert b.status().state == "serving"
    assert not await a.resume("an operator")


@pytest.mark.ensemble
async def test_a_node_that_joins_a_paused_cluster_never_acts(members: Members) -> None:
    a = await members.join("a")
    await members.master()
    await a.pause("an operator")
    await members.leave(a)
    b = await members.join("b")
    reign = await b.mastership.wait_for_reign()
    for _ in range(300):
        assert reign.seconds_to_act(0.01) == 0.0
        await asyncio.sleep(0.001)
    assert b.paused is not None


@pytest.mark.ensemble
async def test_a_pause_for_a_time_ends_by_itself(members: Members) -> None:
    a = await members.join("a")
    reign = await a.mastership.wait_for_reign()
    pause = await a.pause("an operator", 0.6)
    assert pause.until == pause.began_at + 0.6
    await until(lambda: a.paused is not None)
    assert reign.seconds_to_act(0.1) == 0.0
    await until(lambda: reign.seconds_to_act(0.1) == 0.1)
    assert a.paused is None


async def test_a_node_alone_can_be_paused_and_stays_so_over_a_restart(tmp_path: Path) -> None:
    member = alone(tmp_path)
    await member.start()
    await member.pause("an operator")
    await member.stop()
    again = alone(tmp_path)
    await again.start()
    await asyncio.sleep(0.05)
    assert again.paused is not None
    assert again.paused.by == "an operator"
    reign = await again.mastership.wait_for_reign()
    assert reign.seconds_to_act(0.1) == 0.0
    assert await again.resume("an operator")
    assert reign.seconds_to_act(0.1) == 0.1
    await again.stop()


@pytest.mark.parametrize("data", [b"", b"[]", b'{"by": "x"}', b'{"by": "x", "began_at": "?", "until": null}'])
def test_a_document_that_cannot_be_read_is_no_pause(data: bytes) -> None:
    assert decode_pause(data) is None
