"""At the level interaction the log has what was pushed and answered, target by target; above it, nothing of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from cluster.token import Token
from pacing_node.cycle import push_log
from pacing_node.cycle.cycle_counters import CycleCounters
from pacing_node.cycle.pushing import Pusher
from pacing_node.engagement.platform import PushOutcome, PushStatus, TargetPush
from pacing_node.engagement.replies import TargetReply
from pacing_node.logs.levels import SuiteLevel, level_of
from tests.support.cycle_parts import FakePlatform, FakeTerm, target
from tests.support.waiting import until


@pytest.fixture
def debug() -> Iterator[None]:
    logger = logging.getLogger(push_log.__name__)
    before = logger.level
    logger.setLevel(logging.DEBUG)
    yield
    logger.setLevel(before)


def entries(count: int) -> tuple[TargetPush, ...]:
    return tuple(
        TargetPush(target(f"Q{n}"), n, 5.0, None, None, 9, 4, 2, 0, 0, "agents_available") for n in range(count)
    )


def answer(_token: Token, pushed: Any) -> PushOutcome:
    replies = [TargetReply(pending=7, acceptance_ratio=0.5) for _ in pushed]
    replies[-1] = TargetReply(error="unknown target")
    return PushOutcome(PushStatus.ACCEPTED, replies=tuple(replies), duration_seconds=0.25)


async def lines_of(count: int) -> list[Any]:
    with structlog.testing.capture_logs() as logs:
        await Pusher(FakePlatform(answer), CycleCounters()).push(FakeTerm(), entries(count), 1.0)
        await until(lambda: sum(line["event"] == "push.target" for line in logs) == count, "all targets are written")
    return list(logs)


async def test_each_target_is_written_with_what_was_pushed_and_answered(debug: None) -> None:
    lines = await lines_of(3)

    (summary,) = (line for line in lines if line["event"] == "push.answered")
    assert (summary["status"], summary["targets"], summary["invitations"]) == ("accepted", 3, 3)
    first, _, last = (line for line in lines if line["event"] == "push.target")
    assert (first["target"], first["invitations"], first["reason"]) == ("Q0 - chat", 0, "agents_available")
    assert first["answered"] == {"pending": 7, "acceptance_ratio": 0.5}
    assert last["answered"] == {"error": "unknown target"}
    assert (last["epoch"], last["sequence"]) == (3, 1)


async def test_thousands_of_lines_give_other_tasks_their_turn(debug: None) -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    beside = asyncio.ensure_future(other())
    await lines_of(2_000)
    beside.cancel()
    assert turns >= 2_000 / push_log.AT_ONCE


async def test_without_the_level_nothing_is_written() -> None:
    with structlog.testing.capture_logs() as logs:
        await Pusher(FakePlatform(answer), CycleCounters()).push(FakeTerm(), entries(3), 1.0)
        await asyncio.sleep(0)
    assert not [line for line in logs if line["event"] in {"push.answered", "push.target"}]


def test_the_lines_belong_to_the_level_interaction() -> None:
    assert level_of(push_log.__name__, logging.DEBUG, "push.target") is SuiteLevel.INTERACTION
