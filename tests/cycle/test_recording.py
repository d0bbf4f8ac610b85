"""Reports of very many targets and their records are made beside the event loop, and a term that ended shows none."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, Self

import pytest

from cluster.listeners import Listeners
from cluster.records import Record, RecordInfo
from pacing_node.assembly import shared_reports
from pacing_node.assembly.shared_reports import SharedReports
from pacing_node.cycle import calculating
from pacing_node.cycle.latest_report import LatestReport
from pacing_node.cycle.pacing_state import PacingState
from pacing_node.cycle.plan import CycleSettings
from pacing_node.cycle.recording import Recorder
from pacing_node.cycle.report import SCHEMA, CycleReport, decode, encode
from pacing_node.engagement.platform import FencingMark, PushOutcome, PushStatus
from tests.cycle.test_pacer import Bench, running
from tests.support.cycle_parts import FakeTerm, report, snapshot, target_set
from tests.support.waiting import PATIENCE_SECONDS, until


class Gate:
    """Work in a thread that goes on when the test lets it."""

    def __init__(self) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.threads: list[str] = []
        self.ended = 0

    def passed(self) -> None:
        self.threads.append(threading.current_thread().name)
        self.begun.set()
        assert self.go_on.wait(PATIENCE_SECONDS)
        self.ended += 1

    def report(self) -> CycleReport:
        self.passed()
        return report("a")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.go_on.set()


@pytest.fixture(autouse=True)
def all_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calculating, "MOST_ON_LOOP", 0)


@pytest.fixture
def saving(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """What every report needs: the learned state."""
    save = PacingState.save
    with Gate() as gate:

        def waits(*arguments: Any) -> bytes:
            gate.passed()
            return save(*arguments)

        monkeypatch.setattr(PacingState, "save", waits)
        yield gate


def make_bench() -> Bench:
    bench = Bench()
    bench.plan.use_settings(CycleSettings())
    bench.plan.use_targets(target_set("a", "b"))
    return bench


async def test_the_loop_goes_on_while_a_push_is_announced_and_nothing_is_sent_before(saving: Gate) -> None:
    bench = make_bench()
    bench.mastership.give(FakeTerm())
    async with running(bench):
        await until(saving.begun.is_set)
        assert (bench.announced, bench.platform.pushes) == ([], [])
        saving.go_on.set()
        await until(lambda: bench.shared)
    assert len(bench.announced) == len(bench.platform.pushes) == 1
    assert {name.rpartition("_")[0] for name in saving.threads} == {"calculation"}


async def test_a_term_that_ends_while_its_push_is_announced_announces_and_sends_nothing(saving: Gate) -> None:
    bench, term = make_bench(), FakeTerm()
    bench.mastership.give(term)
    async with running(bench):
        await until(saving.begun.is_set)
        term.ended.set()
        saving.go_on.set()
        await until(lambda: bench.latest_report.report)
        assert bench.latest_report.report is bench.latest_report.newest
    assert (bench.announced, bench.shared, bench.platform.pushes) == ([], [], [])
    assert bench.cycle_counters.pushes == {"late": 1}


async def test_who_is_cancelled_waits_for_the_end_of_the_announcement(saving: Gate) -> None:
    bench = make_bench()
    bench.mastership.give(FakeTerm())
    task = asyncio.ensure_future(bench.pacer().run())
    await until(saving.begun.is_set)
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0)
    assert not task.done()
    saving.go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert saving.ended == 1
    assert bench.platform.pushes == []


async def test_a_term_that_ends_while_its_report_is_made_shares_nothing() -> None:
    latest_report, term, shared = LatestReport(), FakeTerm(), []
    recorder = Recorder(latest_report, lambda *record: shared.append(record))
    with Gate() as gate:
        posting = asyncio.ensure_future(recorder.post(term, 1, gate.report, share=True))
        await until(gate.begun.is_set)
        term.ended.set()
    await posting
    assert latest_report.report is not None, "shown here"
    assert shared == []


async def test_it_is_not_shown_in_the_place_of_the_next_masters_report() -> None:
    latest_report, term, shared = LatestReport(), FakeTerm(), []
    recorder = Recorder(latest_report, lambda *record: shared.append(record))
    with Gate() as gate:
        posting = asyncio.ensure_future(recorder.post(term, 1, gate.report, share=True))
        await until(gate.begun.is_set)
        term.ended.set()
        latest_report.post(report("a", epoch=9), 1.0)
    await posting
    assert latest_report.report is not None
    assert (latest_report.report.epoch, shared) == (9, [])


async def test_the_push_by_which_a_term_ended_is_shared_as_its_last() -> None:
    bench, mark = make_bench(), FencingMark("c", 9, 1)
    bench.platform.answer = lambda *_: PushOutcome(PushStatus.FENCED, "stale", mark=mark)
    bench.mastership.give(FakeTerm())
    async with running(bench):
        await until(lambda: bench.shared)
    assert [each.push_status for each in bench.shared] == [PushStatus.FENCED]


class Stream:
    """A member whose records the test reads."""

    def __init__(self) -> None:
        self.mastership = SimpleNamespace(term=FakeTerm(epoch=3))
        self.on_record: Listeners[Any] = Listeners("record")
        self.published: list[Any] = []

    def publish(self, record: Any) -> None:
        self.published.append(decode(record.body))

    def report_accepted(self, epoch: int, at: float) -> None: ...


def sharing(alarms: list[bytes]) -> tuple[Stream, SharedReports]:
    stream = Stream()
    return stream, SharedReports(stream, LatestReport(), SimpleNamespace(shared=lambda: alarms[-1]))  # type: ignore[arg-type]


def test_a_record_goes_out_with_the_alarms_as_they_are_by_then_and_again_when_they_change() -> None:
    alarms = [b"[1]"]
    stream, reports = sharing(alarms)
    reports.share_again()
    assert stream.published == []
    made = replace(report("a", epoch=3), alarms=b"[0]")
    reports.share(made, encode(made))
    alarms.append(b"[2]")
    reports.share_again()
    reports.share_again()
    assert [each.alarms for each in stream.published] == [b"[1]", b"[2]", b"[2]"]
    assert {each.calculated_at for each in stream.published} == {made.calculated_at}


def test_the_stream_of_a_term_has_no_record_of_another() -> None:
    stream, reports = sharing([b"[]"])
    made = report("a", epoch=2, alarms=b"[]")
    reports.share(made, encode(made))
    reports.share_again()
    assert stream.published == []


async def test_a_long_record_is_read_beside_the_loop_and_a_new_master_waits_for_the_newest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shared_reports, "MOST_READ_AT_ONCE", 0)
    stream, latest_report = Stream(), LatestReport()
    alarms = SimpleNamespace(shared=bytes, inherit=lambda _: None)
    reports = SharedReports(stream, latest_report, alarms)  # type: ignore[arg-type]
    await reports.all_read()
    with Gate() as gate:

        def waits(body: bytes) -> CycleReport:
            gate.passed()
            return decode(body)

        monkeypatch.setattr(shared_reports, "decode", waits)
        for number in range(4):
            body = encode(report("a", calculated_at=1000.0 + number, in_flight=number == 3)) if number else b"\xff"
            stream.on_record.notify(Record(RecordInfo(1, number, 0.0), SCHEMA, body))
        await until(gate.begun.is_set)
        waiting = asyncio.ensure_future(reports.all_read())
        await asyncio.sleep(0)
        assert not waiting.done()
    await waiting
    assert latest_report.newest is not None
    assert latest_report.newest.calculated_at == 1003.0, "the newest; one that cannot be read ends nothing"
    assert {name.rpartition("_")[0] for name in gate.threads} == {"calculation"}


async def test_a_new_master_resumes_from_what_was_still_being_read(monkeypatch: pytest.MonkeyPatch) -> None:
    bench, restore, resumed = make_bench(), PacingState.restore, list[bytes]()
    state = PacingState(CycleSettings(), target_set("a", "b"))
    newest = report(*state.targets.names, learned_state=state.save(1000.0))

    async def all_read() -> None:
        bench.latest_report.post(newest, 1.0)

    def noted(subject: PacingState, saved: bytes, *arguments: Any) -> None:
        resumed.append(saved)
        restore(subject, saved, *arguments)

    monkeypatch.setattr(PacingState, "restore", noted)
    bench.all_read = all_read
    bench.mastership.give(FakeTerm(epoch=4))
    async with running(bench):
        await until(lambda: bench.shared)
    assert resumed[0] == newest.learned_state


async def test_targets_that_change_while_what_was_learned_is_carried_over_are_taken_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench, follow = make_bench(), PacingState.follow
    with Gate() as gate:

        def waits(*arguments: Any) -> PacingState:
            gate.passed()
            return follow(*arguments)

        monkeypatch.setattr(PacingState, "follow", waits)
        bench.mastership.give(FakeTerm())
        async with running(bench):
            await until(lambda: bench.shared)
            bench.statistics.now = snapshot(3)
            bench.plan.use_targets(target_set("a", "b", "c", version="2"))
            bench.plan.urgent.set()
            await until(gate.begun.is_set)
            bench.statistics.now = snapshot(4)
            bench.plan.use_targets(target_set("a", "b", "c", "d", version="3"))
            gate.go_on.set()
            await until(lambda: len(bench.shared) > 1)
    assert [len(pushed) for _, pushed, _ in bench.platform.pushes] == [2, 4]
    assert {name.rpartition("_")[0] for name in gate.threads} == {"calculation"}
    assert bench.cycle_counters.failed_cycles == 0


async def test_a_successor_resumes_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    master, successor, restore = make_bench(), make_bench(), PacingState.restore
    master.mastership.give(FakeTerm())
    async with running(master):
        await until(lambda: master.shared)
    successor.latest_report.post(decode(encode(master.shared[-1])), 1.0)
    with Gate() as gate:

        def waits(*arguments: Any) -> None:
            gate.passed()
            restore(*arguments)

        monkeypatch.setattr(PacingState, "restore", waits)
        successor.mastership.give(FakeTerm(epoch=4))
        async with running(successor):
            await until(gate.begun.is_set)
            assert successor.platform.pushes == []
            gate.go_on.set()
            await until(lambda: successor.shared)
    assert gate.threads[0].startswith("calculation")


async def test_partial_pushes_are_calculated_and_announced_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    bench, threads = make_bench(), list[str]()
    preview = PacingState.preview

    def noted(*arguments: Any) -> Any:
        threads.append(threading.current_thread().name)
        return preview(*arguments)

    monkeypatch.setattr(PacingState, "preview", noted)
    bench.plan.use_settings(CycleSettings(partial_pushes=True))
    bench.platform.answer = lambda _, targets: PushOutcome(
        PushStatus.ACCEPTED, replies=(), takes_partials=True, requests=1
    )
    bench.mastership.give(FakeTerm())
    async with running(bench):
        await until(lambda: bench.shared)
        bench.statistics.now = snapshot(2, ready=8.0, busy=2.0)
        await until(lambda: len(bench.shared) > 1)
    assert bench.platform.prevs[1] is not None
    assert {name.rpartition("_")[0] for name in threads} == {"calculation"}
