"""The alarms of nodes: told to every receiver, kept over a restart, handed over with the mastership."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
import structlog

from pacing_node.alarms import service
from pacing_node.alarms.alarm_book import AlarmEvent, Reading
from pacing_node.alarms.machine import Rule
from pacing_node.alarms.service import AlarmService
from tests.support.alarm_parts import Collecting, GivenReadings
from tests.support.waiting import until

FAILED, LAG = "PacingRequestsFailed", "EventLoopLag"
PLATFORM = "engagement platform"
RULES = {FAILED: Rule(3.0, 0.0), LAG: Rule(1.0, 0.5)}
DOWN = {FAILED: {PLATFORM: Reading(3.0)}}
UP = {FAILED: {PLATFORM: Reading(0.0)}}


class Node:
    """An alarm service with a sink of its own; time is the test's."""

    def __init__(self, name: str, file: Path | None = None) -> None:
        self.readings = GivenReadings()
        self.service = AlarmService(name, self.readings, RULES, file)
        self.sink = Collecting()

    async def start(self) -> Node:
        await self.service.use(RULES, [self.sink])
        return self

    async def told(self) -> list[tuple[str, str, str]]:
        """What the sink was told since the last look."""
        for _ in range(5):
            await asyncio.sleep(0)
        transitions = self.sink.transitions
        self.sink.told.clear()
        return transitions


@pytest.fixture
async def nodes() -> list[Node]:
    return [await Node("n1").start(), await Node("n2").start()]


async def test_an_alarm_is_told_once_however_long_it_lasts(nodes: list[Node]) -> None:
    node, _ = nodes
    node.readings.shared = DOWN
    for second in range(30):
        node.service.measure(float(second), 1000.0 + second)
    node.readings.shared = UP
    for second in range(30, 60):
        node.service.measure(float(second), 1000.0 + second)

    assert await node.told() == [("raised", FAILED, PLATFORM), ("cleared", FAILED, PLATFORM)]


async def test_a_standby_raises_nothing_for_the_cluster_but_its_own(nodes: list[Node]) -> None:
    node, _ = nodes
    node.readings.own = {LAG: {"n1": Reading(2.0)}}

    node.service.measure(0.0, 1000.0)

    assert await node.told() == [("raised", LAG, "n1")]
    assert [alarm.condition for alarm in node.service.active] == [LAG]


async def test_after_a_hand_over_the_alarm_is_neither_raised_again_nor_forgotten(nodes: list[Node]) -> None:
    old, new = nodes
    old.readings.shared = DOWN
    old.service.measure(0.0, 1000.0)
    new.service.inherit(old.service.shared())
    new.service.measure(0.0, 1000.0)
    old.readings.shared, new.readings.shared = None, {}
    for second in range(1, 5):
        old.service.measure(float(second), 1000.0 + second)
        new.service.measure(float(second), 1000.0 + second)
    new.readings.shared = DOWN
    new.service.measure(6.0, 1006.0)
    shown_by_both = [old.service.active, new.service.active]
    new.readings.shared = UP
    new.service.measure(7.0, 1007.0)
    old.service.inherit(new.service.shared())

    assert await old.told() == [("raised", FAILED, PLATFORM)]
    assert await new.told() == [("cleared", FAILED, PLATFORM)]
    assert shown_by_both[0] == shown_by_both[1]
    assert old.service.active == ()


async def test_the_standbys_are_told_of_a_change_at_once(nodes: list[Node]) -> None:
    old, new = nodes
    old.service.changed = lambda: new.service.inherit(old.service.shared())
    old.readings.shared = DOWN

    old.service.measure(0.0, 1000.0)

    assert [alarm.condition for alarm in new.service.active] == [FAILED]


async def test_a_master_is_not_talked_out_of_its_own_book(nodes: list[Node]) -> None:
    node, _ = nodes
    node.readings.shared = DOWN
    node.service.measure(0.0, 1000.0)

    node.service.inherit(b"[]")

    assert len(node.service.active) == 1


async def test_a_damaged_record_is_left_alone(nodes: list[Node]) -> None:
    old, new = nodes
    old.readings.shared = DOWN
    old.service.measure(0.0, 1000.0)
    new.service.inherit(old.service.shared())

    with structlog.testing.capture_logs() as logs:
        new.service.inherit(b"\xff{")

    assert [entry["event"] for entry in logs] == ["alarms.record_refused"]
    assert len(new.service.active) == 1


async def test_active_alarms_are_kept_over_a_restart_and_cleared_after_it(tmp_path: Path) -> None:
    file = tmp_path / "state" / "n1.alarms.json"
    before = await Node("n1", file).start()
    before.readings.own, before.readings.shared = {LAG: {"n1": Reading(9.0)}}, DOWN
    before.service.start()
    await until(file.exists)
    await before.service.stop()

    after = await Node("n1", file).start()
    after.readings.own, after.readings.shared = {LAG: {"n1": Reading(0.0)}}, UP
    after.service.start()
    await until(lambda: not (len(after.sink.told) < 2))
    await after.service.stop()

    assert sorted(after.sink.transitions) == [("cleared", LAG, "n1"), ("cleared", FAILED, PLATFORM)]
    assert after.sink.closed


async def test_alarms_are_measured_and_sent_while_the_disk_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, gate = threading.Event(), threading.Event()

    def hang(_path: Path, _body: bytes) -> None:
        begun.set()
        gate.wait()

    monkeypatch.setattr(service, "write_durably", hang)
    monkeypatch.setattr(service, "PERIOD_SECONDS", 0.02)
    node = await Node("n1", tmp_path / "n1.alarms.json").start()
    node.readings.own = {LAG: {"n1": Reading(9.0)}}
    node.service.start()
    try:
        await until(begun.is_set)
        node.readings.own = {LAG: {"n1": Reading(0.0)}}
        await until(lambda: ("cleared", LAG, "n1") in node.sink.transitions)
    finally:
        gate.set()
        await node.service.stop()


async def test_what_could_not_be_kept_is_kept_later_without_another_alarm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[bytes] = []
    failures = iter([OSError(28, "No space left on device")] * 3)

    def write(_path: Path, body: bytes) -> None:
        if (failure := next(failures, None)) is not None:
            raise failure
        kept.append(body)

    monkeypatch.setattr(service, "write_durably", write)
    monkeypatch.setattr(service, "PERIOD_SECONDS", 0.02)
    monkeypatch.setattr(service, "SAVE_AGAIN_SECONDS", 0.0)
    node = await Node("n1", tmp_path / "n1.alarms.json").start()
    node.readings.own = {LAG: {"n1": Reading(9.0)}}
    with structlog.testing.capture_logs() as logs:
        node.service.start()
        await until(lambda: kept)
    asked = node.readings.asked
    await until(lambda: node.readings.asked > asked + 3)
    await node.service.stop()

    assert len(kept) == 1
    assert LAG.encode() in kept[0]
    assert [entry["event"] for entry in logs if entry["event"].startswith("alarms.")] == ["alarms.not_saved"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"node": 3}', b'{"node": [{}], "cluster": []}'])
async def test_a_damaged_file_does_not_keep_a_node_from_starting(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "alarms.json"
    file.write_bytes(content)
    node = await Node("n1", file).start()

    node.service.start()
    await until(lambda: node.readings.asked)
    await node.service.stop()

    assert node.service.active == ()


async def test_a_new_receiver_is_told_what_is_active_and_one_that_stays_is_not(nodes: list[Node]) -> None:
    node, _ = nodes
    node.readings.own, node.readings.shared = {LAG: {"n1": Reading(2.0)}}, DOWN
    node.service.measure(0.0, 1000.0)
    await node.told()
    stays, new = Collecting("collecting"), Collecting("another")

    await node.service.use(RULES, [stays, new])
    await until(lambda: len(new.told) == 2)

    assert node.sink.closed
    assert stays.told == []
    assert sorted(new.transitions) == [("raised", LAG, "n1"), ("raised", FAILED, PLATFORM)]


async def test_what_is_raised_while_receivers_change_is_told_after_what_was_left(
    nodes: list[Node], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "LAST_DELIVERY_SECONDS", 0.2)
    node, _ = nodes

    class Hanging(Collecting):
        begun = asyncio.Event()

        async def deliver(self, events: Sequence[AlarmEvent]) -> None:
            self.begun.set()
            await asyncio.Event().wait()

    await node.service.use(RULES, [hanging := Hanging()])
    node.readings.own = {LAG: {"n1": Reading(2.0)}}
    node.service.measure(0.0, 1000.0)
    await hanging.begun.wait()
    before = node.service.outboxes
    changing = asyncio.create_task(node.service.use(RULES, [stays := Collecting(), new := Collecting("new")]))
    await until(lambda: node.service.outboxes != before, "the new receivers are in place")
    assert not changing.done()
    node.readings.shared = DOWN
    node.service.measure(1.0, 1001.0)
    await changing
    await until(lambda: len(stays.told) == len(new.told) == 2)

    both = [("raised", LAG, "n1"), ("raised", FAILED, PLATFORM)]
    assert (stays.transitions, new.transitions) == (both, both)


async def test_a_receiver_that_forgets_is_reminded_by_whoever_is_responsible(nodes: list[Node]) -> None:
    node, other = nodes
    for each in nodes:
        await each.service.use(RULES, [(forgetful := Collecting("forgetful", repeat_seconds=60.0))])
        each.sink = forgetful
    node.readings.shared = DOWN
    for second in range(0, 181, 10):
        node.service.measure(float(second), 1000.0 + second)
        other.service.inherit(node.service.shared())
        other.service.measure(float(second), 1000.0 + second)

    assert await node.told() == [("raised", FAILED, PLATFORM)] * 4
    assert await other.told() == []


async def test_the_log_tells_an_alarm_once_and_reminders_not_at_all(nodes: list[Node]) -> None:
    node, _ = nodes
    await node.service.use(RULES, [Collecting(repeat_seconds=10.0)])
    with structlog.testing.capture_logs() as logs:
        node.readings.shared = DOWN
        for second in range(50):
            node.service.measure(float(second), 1000.0 + second)
        node.readings.shared = UP
        node.service.measure(50.0, 1050.0)

    assert [(entry["event"], entry["log_level"]) for entry in logs] == [
        ("alarm.raised", "error"),
        ("alarm.cleared", "info"),
    ]
    assert logs[0]["condition"] == FAILED
    assert logs[0]["severity"] == "critical"


async def test_an_error_while_measuring_costs_one_round_only(nodes: list[Node]) -> None:
    node, _ = nodes
    calls = 0

    def broken(now: float, late_seconds: float) -> dict[str, dict[str, Reading]]:
        nonlocal calls
        calls += 1
        raise RuntimeError("broken reading")

    node.readings.node = broken  # type: ignore[method-assign]
    with structlog.testing.capture_logs() as logs:
        node.service.start()
        await until(lambda: not (calls < 2))
        await node.service.stop()

    assert {entry["event"] for entry in logs} == {"alarms.failed"}
