"""The cycle of a node: standby, master from the first moment, and back; errors cost one cycle, never the service."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
import structlog

from cluster.token import Token
from pacing_node.algorithms import super_progressive
from pacing_node.algorithms.laws import shared_laws
from pacing_node.algorithms.model import Algorithm, Reason
from pacing_node.algorithms.super_progressive import largest_over_invitation
from pacing_node.assembly.adapters import cycle_settings
from pacing_node.cycle.clock_steps import ClockSteps
from pacing_node.cycle.cycle_counters import CycleCounters
from pacing_node.cycle.holds import Hold, Holds
from pacing_node.cycle.latest_report import LatestReport
from pacing_node.cycle.pacer import Pacer
from pacing_node.cycle.pacing_state import PacingState
from pacing_node.cycle.plan import CycleSettings, Plan
from pacing_node.cycle.report import CycleReport, decode, encode
from pacing_node.engagement.platform import PushOutcome, PushStatus
from pacing_node.engagement.replies import TargetReply
from pacing_node.options.cluster_options import parse_cluster_options
from tests.support.cycle_parts import (
    FakeMastership,
    FakePlatform,
    FakeStatistics,
    FakeTerm,
    accept,
    report,
    snapshot,
    target_set,
)
from tests.support.waiting import until

pytestmark = pytest.mark.looptime
"""The loop's time jumps to the next timer: periods are as long as a node's, and times are exact."""

SETTINGS = CycleSettings(algorithm=Algorithm.SUPER_PROGRESSIVE)
PERIOD = SETTINGS.refresh_seconds


@dataclass
class Bench:
    """A pacer with everything around it in the test's hands."""

    mastership: FakeMastership = field(default_factory=FakeMastership)
    statistics: FakeStatistics = field(default_factory=lambda: FakeStatistics(snapshot(2)))
    platform: FakePlatform = field(default_factory=FakePlatform)
    plan: Plan = field(default_factory=Plan)
    latest_report: LatestReport = field(default_factory=LatestReport)
    shared: list[CycleReport] = field(default_factory=list)
    announced: list[CycleReport] = field(default_factory=list)
    """Shared before their pushes went out."""
    reached: list[bool] = field(default_factory=list)
    read_holds: Callable[[], Awaitable[None]] | None = None
    all_read: Callable[[], Awaitable[None]] | None = None
    cycle_counters: CycleCounters = field(default_factory=CycleCounters)
    aside: Callable[..., Coroutine[Any, Any, Any]] = field(default_factory=lambda: at_once)
    clock_steps: ClockSteps = field(default_factory=ClockSteps)

    def pacer(self) -> Pacer:
        return Pacer(
            mastership=self.mastership,
            statistics=self.statistics,
            platform=self.platform,
            plan=self.plan,
            latest_report=self.latest_report,
            share=lambda report, _: (self.announced if report.in_flight else self.shared).append(report),
            on_push=self.reached.append,
            read_holds=self.read_holds,
            all_read=self.all_read,
            aside=self.aside,
            cycle_counters=self.cycle_counters,
            clock_steps=self.clock_steps,
        )


async def at_once(work: Callable[..., Any], *arguments: object) -> Any:
    """A thread would not go by the loop's time."""
    return work(*arguments)


@contextlib.asynccontextmanager
async def running(bench: Bench) -> AsyncIterator[Pacer]:
    pacer = bench.pacer()
    task = asyncio.ensure_future(pacer.run())
    try:
        yield pacer
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def push_times(bench: Bench) -> list[float]:
    """When the pushes began, in seconds of the loop, whose time begins at 0 with the test."""
    return [round(at, 6) for at in bench.platform.times]


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.plan.use_settings(SETTINGS)
    bench.plan.use_targets(target_set("a", "b"))
    return bench


async def test_nothing_happens_before_settings_and_targets_are_known() -> None:
    bench = Bench()
    bench.mastership.give(FakeTerm())
    async with running(bench):
        await asyncio.sleep(100.0)
        assert bench.statistics.snapshots == 0
        bench.plan.use_settings(SETTINGS)
        bench.plan.use_targets(target_set("a", "b"))
        await until(lambda: bool(bench.platform.pushes))


async def test_a_standby_reads_statistics_but_sends_nothing(bench: Bench) -> None:
    async with running(bench):
        await until(lambda: bench.statistics.snapshots >= 3)
    assert bench.platform.pushes == []
    assert bench.latest_report.report is None


async def test_the_laws_tables_are_filled_before_the_first_term(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    filled: list[float] = []

    def counted(*arguments: Any) -> Any:
        filled.append(asyncio.get_running_loop().time())
        return largest_over_invitation(*arguments)

    monkeypatch.setattr(super_progressive, "largest_over_invitation", counted)
    shared_laws.cache_clear()
    async with running(bench):
        await asyncio.sleep(7.0)
        bench.mastership.give(FakeTerm())
        await until(lambda: len(bench.platform.pushes) == 1)
    assert filled
    assert max(filled) < 7.0


async def test_a_first_push_is_written_before_the_first_term_and_not_sent(bench: Bench) -> None:
    async with running(bench):
        await asyncio.sleep(7.0)
        (prepared,) = bench.platform.prepared
        assert bench.platform.pushes == []
        bench.mastership.give(FakeTerm())
        await until(lambda: len(bench.platform.pushes) == 1)
    assert list(prepared) == list(bench.platform.pushes[0][1])


async def test_a_first_term_begins_with_a_state_that_has_learned_nothing_of_a_rehearsal(bench: Bench) -> None:
    async with running(bench) as pacer:
        await asyncio.sleep(7.0)
        made_ahead = pacer._rehearsal._fresh
        assert made_ahead is not None
        unused = PacingState(SETTINGS, target_set("a", "b"))
        assert made_ahead.save(0.0) == unused.save(0.0)
        assert made_ahead.first_look() == unused.first_look()
        bench.mastership.give(FakeTerm())
        await until(lambda: len(bench.platform.pushes) == 1)
        assert pacer._state is made_ahead


async def test_a_process_that_is_master_at_once_fills_them_beside_the_loop(bench: Bench) -> None:
    aside: list[str] = []

    async def noted(work: Callable[..., Any], *arguments: object) -> Any:
        aside.append("begun")
        await asyncio.sleep(3.0)
        return work(*arguments)

    bench.aside = noted
    bench.mastership.give(FakeTerm())
    async with running(bench):
        await until(lambda: len(bench.platform.pushes) == 2)
    assert aside == ["begun"]
    assert push_times(bench) == [3.0, PERIOD]


async def test_a_new_master_pushes_at_once_and_then_every_period(bench: Bench) -> None:
    async with running(bench):
        await asyncio.sleep(7.0)
        bench.mastership.give(FakeTerm())
        await until(lambda: len(bench.platform.pushes) == 3)
    assert push_times(bench) == [7.0, 7.0 + PERIOD, 7.0 + 2 * PERIOD]


async def test_a_process_that_has_just_started_gives_its_statistics_one_period_to_arrive(bench: Bench) -> None:
    bench.statistics.warmed_up = False
    bench.mastership.give(FakeTerm())
    async with running(bench):
        await until(lambda: bool(bench.platform.pushes))
    assert push_times(bench) == [PERIOD]


async def test_it_begins_as_soon_as_its_statistics_have_arrived(bench: Bench) -> None:
    bench.statistics.warmed_up = False
    bench.mastership.give(FakeTerm())
    async with running(bench):
        await asyncio.sleep(2.0)
        bench.statistics.warmed_up = True
        await until(lambda: bool(bench.platform.pushes))
    assert push_times(bench)[0] == pytest.approx(2.0, abs=0.06)


async def test_without_a_check_of_tokens_the_first_push_of_a_term_waits_and_the_next_ones_do_not(bench: Bench) -> None:
    bench.plan.use_settings(replace(SETTINGS, hold_off_seconds=1.326))
    async with running(bench):
        for epoch, began in ((3, 0.0), (4, 100.0)):
            await asyncio.sleep(began - asyncio.get_running_loop().time())
            term, before = FakeTerm(epoch=epoch), len(bench.platform.pushes)
            bench.mastership.give(term)
            await until(lambda before=before: len(bench.platform.pushes) >= before + 3)
            first = began + 1.326
            assert push_times(bench)[before:] == pytest.approx([first, first + PERIOD, first + 2 * PERIOD])
            term.ended.set()


async def test_the_first_push_waits_for_the_budget_of_the_previous_node_where_it_is_longer(bench: Bench) -> None:
    bench.plan.use_settings(replace(SETTINGS, hold_off_seconds=1.326))
    async with running(bench):
        bench.mastership.give(FakeTerm(previous_action_seconds=4.0))
        await until(lambda: len(bench.platform.pushes) == 1)
    assert push_times(bench) == pytest.approx([4.08])


async def test_a_term_after_one_that_left_nothing_under_way_pushes_at_once(bench: Bench) -> None:
    bench.plan.use_settings(replace(SETTINGS, hold_off_seconds=600.0))
    async with running(bench):
        bench.mastership.give(FakeTerm(after_clean_end=True))
        await until(lambda: len(bench.platform.pushes) == 1)
    assert push_times(bench) == [0.0]


async def test_a_term_that_ends_while_it_waits_pushes_nothing(bench: Bench) -> None:
    bench.plan.use_settings(replace(SETTINGS, hold_off_seconds=2.0))
    async with running(bench):
        term = FakeTerm()
        bench.mastership.give(term)
        await asyncio.sleep(1.0)
        term.ended.set()
        await asyncio.sleep(3 * PERIOD)
    assert bench.platform.pushes == []


@pytest.mark.parametrize(("fencing", "seconds"), [("token", 0.0), ("none", 1.224)])
def test_the_wait_covers_a_push_of_the_term_before_by_the_slowest_clock(fencing: str, seconds: float) -> None:
    connections = "configServer: {path: objects.yaml}\nstatServer: {primary: 'stat1:7000'}\n"
    options = parse_cluster_options(f"{connections}pacingEndpoint: {{fencing: {fencing}}}\n", "cluster.yaml")
    assert cycle_settings(options, 1.2).hold_off_seconds == pytest.approx(seconds)


async def test_the_first_calculation_counts_no_pending_and_later_ones_what_the_platform_reports(bench: Bench) -> None:
    bench.platform.answer = lambda token, targets: accept(token, targets, pending=100)
    bench.mastership.give(FakeTerm())
    async with running(bench):
        await until(lambda: len(bench.shared) >= 3)
    first, _, third = bench.shared[:3]
    assert first.feedback.pending.tolist() == [0.0, 0.0]
    assert (first.result.invitations > 0).all(), "four agents are ready"
    assert (third.feedback.pending >= 100).all()
    assert third.result.invitations.tolist() == [0, 0]
    assert set(third.result.reason.tolist()) == {Reason.PENDING_COVERS_CAPACITY}


async def test_every_report_reaches_board_and_standbys_and_survives_the_wire(bench: Bench) -> None:
    bench.mastership.give(FakeTerm(epoch=5))
    async with running(bench):
        await until(lambda: len(bench.shared) >= 2)
    report = decode(encode(bench.shared[1]))
    assert (report.epoch, report.sequence, report.pushed) == (5, 2, True)
    assert bench.latest_report.report is bench.shared[-1]


async def test_stale_statistics_send_zero_with_the_reason(bench: Bench) -> None:
    bench.statistics.now = snapshot(2, valid=False)
    bench.mastership.give(FakeTerm())
    async with running(bench):
        await until(lambda: bool(bench.platform.pushes))
    _, entries, _ = bench.platform.pushes[0]
    assert [(entry.invitations, entry.reason) for entry in entries] == [(0, "statistics_stale")] * 2


async def test_when_the_lease_does_not_allow_a_push_the_cycle_still_calculates_and_says_so(bench: Bench) -> None:
    bench.mastership.give(FakeTerm(lease=0.0))
    async with running(bench):
        await until(lambda: len(bench.shared) >= 2)
    assert bench.platform.pushes == []
    assert bench.shared[0].pushed is False
    assert "lease" in bench.shared[0].push_error


async def test_an_unexpected_error_costs_one_cycle_only(bench: Bench) -> None:
    calls = 0

    def flaky(token: Token, targets: object) -> PushOutcome:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise RuntimeError("a bug in an adapter")
        return accept(token, targets)  # type: ignore[arg-type]

    bench.platform.answer = flaky
    bench.mastership.give(FakeTerm())
    async with running(bench) as pacer:
        await until(lambda: bool(bench.shared))
        assert pacer.cycle_counters.failed_cycles == 1


async def test_failed_cycles_in_a_row_are_counted_until_one_works(bench: Bench) -> None:
    def broken(*_: object) -> PushOutcome:
        raise RuntimeError("a bug in an adapter")

    bench.platform.answer = broken
    bench.mastership.give(FakeTerm())
    async with running(bench) as pacer:
        await until(lambda: pacer.cycle_counters.failed_in_a_row >= 3)
        assert pacer.cycle_counters.newest_failure == "RuntimeError: a bug in an adapter"
        bench.platform.answer = accept
        await until(lambda: bool(bench.shared))
        await until(lambda: pacer.cycle_counters.failed_in_a_row == 0)
        assert pacer.cycle_counters.newest_failure == ""


async def test_an_error_before_a_term_or_outside_of_a_cycle_ends_nothing(bench: Bench) -> None:
    good = bench.statistics.now
    bench.statistics.now = None  # type: ignore[assignment]
    read = bench.statistics.snapshot

    def broken(seconds: float) -> object:
        if bench.statistics.now is None:
            raise RuntimeError("statistics broke")
        return read(seconds)

    bench.statistics.snapshot = broken  # type: ignore[method-assign, assignment]
    async with running(bench) as pacer:
        await until(lambda: pacer.cycle_counters.failed_in_a_row >= 2)
        bench.statistics.now = good
        bench.mastership.give(FakeTerm())
        await until(lambda: bool(bench.shared))


async def test_reports_carry_the_newest_accepted_push_through_failed_ones_and_over_to_the_next_master(
    bench: Bench,
) -> None:
    bench.latest_report.post(report("A - chat", accepted_at=900.0), 0.0)
    bench.platform.answer = lambda *_: PushOutcome(PushStatus.FAILED, message="503")
    bench.mastership.give(FakeTerm())
    async with running(bench):
        await until(lambda: bool(bench.shared))
        bench.platform.answer = accept
        await until(lambda: bench.shared[-1].pushed)
    assert (bench.shared[0].accepted_at, bench.shared[0].push_status) == (900.0, "failed")
    accepted = next(each for each in bench.shared if each.pushed)
    assert accepted.accepted_at >= accepted.calculated_at
    assert decode(encode(accepted)).accepted_at == accepted.accepted_at


async def test_a_failed_push_is_reported_and_the_next_period_tries_again(bench: Bench) -> None:
    bench.platform.answer = lambda *_: PushOutcome(PushStatus.FAILED, message="503 Service Unavailable")
    bench.mastership.give(FakeTerm())
    async with running(bench):
        await until(lambda: len(bench.platform.pushes) >= 3)
    assert bench.shared[0].push_error == "503 Service Unavailable"
    assert not bench.shared[0].pushed


@pytest.mark.parametrize(
    ("outcome", "reached"),
    [
        (PushOutcome(PushStatus.FAILED, message="connection refused"), False),
        (PushOutcome(PushStatus.DEADLINE, message="no answer"), False),
        (PushOutcome(PushStatus.FAILED, message="503", answered=True), True),
        (PushOutcome(PushStatus.INVALID_REPLY, message="not JSON"), True),
    ],
)
async def test_only_a_platform_that_does_not_answer_makes_the_node_doubt_its_own_way(
    bench: Bench, outcome: PushOutcome, reached: bool
) -> None:
    bench.platform.answer = lambda *_: outcome
    bench.mastership.give(FakeTerm())
    async with running(bench):
        await until(lambda: bool(bench.reached))
    assert bench.reached[0] is reached


async def test_targets_may_come_and_go_while_running_and_the_others_keep_what_was_learned(bench: Bench) -> None:
    bench.platform.answer = lambda token, targets: accept(token, targets, pending=50)
    bench.mastership.give(FakeTerm())
    async with running(bench):
        await until(lambda: len(bench.shared) >= 2)
        bench.statistics.now = snapshot(3)
        bench.plan.use_targets(target_set("a", "b", "c", version="2"))
        await until(lambda: len(bench.shared[-1].targets) == 3)
        report = next(each for each in bench.shared if len(each.targets) == 3)
    assert (report.feedback.pending[:2] >= 50).all(), "the ledger of the targets that stayed goes on"
    assert report.feedback.pending[2] == 0
    assert report.result.invitations[2] > 0


async def test_a_new_master_goes_on_from_the_state_the_old_one_shared(bench: Bench) -> None:
    bench.platform.answer = lambda token, targets: accept(token, targets, pending=50)
    bench.mastership.give(FakeTerm())
    async with running(bench):
        await until(lambda: len(bench.shared) >= 2)
    successor = Bench()
    successor.plan.use_settings(SETTINGS)
    successor.plan.use_targets(target_set("a", "b"))
    successor.latest_report.post(decode(encode(bench.shared[-1])), 0.0)
    successor.mastership.give(FakeTerm(epoch=4))
    async with running(successor):
        await until(lambda: bool(successor.shared))
    assert (successor.shared[0].feedback.pending >= 50).all(), "pending invitations of the old term are not forgotten"
    assert successor.shared[0].result.invitations.tolist() == [0, 0]


async def test_a_standby_reads_when_the_master_calculates_and_goes_on_counting_from_there(bench: Bench) -> None:
    async with running(bench):
        await asyncio.sleep(0.4 * PERIOD)
        assert bench.statistics.snapshots == 1
        bench.statistics.now = snapshot(2, accepted=7.0)
        bench.latest_report.announce(report("a - chat", "b - chat", in_flight=True))
        await asyncio.sleep(0.1)
        assert bench.statistics.snapshots == 2, "what it counted before the record is the master's to learn from"
        bench.latest_report.post(report("a - chat", "b - chat"), 0.0)
        bench.statistics.now = snapshot(2, accepted=2.0)
        await asyncio.sleep(PERIOD)
        assert bench.statistics.snapshots == 3
        bench.statistics.now = snapshot(2, accepted=1.0)
        bench.mastership.give(FakeTerm())
        await until(lambda: bench.shared)
    assert bench.shared[0].snapshot.accepted.tolist() == [3.0, 3.0]


async def test_a_new_master_decides_as_the_one_before_would_have(bench: Bench) -> None:
    reply = TargetReply(pending=2, positive_disposition_seconds=45.0, negative_disposition_seconds=6.0)
    bench.platform.answer = lambda _, targets: PushOutcome(PushStatus.ACCEPTED, replies=(reply,) * len(targets))
    bench.mastership.give(FakeTerm())
    async with running(bench):
        await until(lambda: len(bench.shared) == 3)
    successor = Bench(platform=bench.platform)
    successor.plan.use_settings(SETTINGS)
    successor.plan.use_targets(target_set("a", "b"))
    successor.latest_report.post(decode(encode(bench.shared[-1])), 0.0)
    successor.mastership.give(FakeTerm(epoch=4))
    async with running(successor):
        await until(lambda: successor.shared)
    believed = successor.shared[0].result.estimates
    assert believed.disposition_seconds.tolist() == pytest.approx(bench.shared[-1].result.estimates.disposition_seconds)
    assert successor.shared[0].feedback.accept_seconds.tolist() == [45.0, 45.0]


async def test_a_successor_counts_the_push_that_was_in_flight_when_the_master_was_lost(bench: Bench) -> None:
    bench.platform.hold = asyncio.Event()
    bench.mastership.give(FakeTerm())
    async with running(bench):
        await until(lambda: bool(bench.platform.pushes))
    assert bench.shared == [], "nothing more is heard of that master"
    _, entries, _ = bench.platform.pushes[0]
    assert all(entry.invitations > 0 for entry in entries)
    successor = Bench()
    successor.plan.use_settings(SETTINGS)
    successor.plan.use_targets(target_set("a", "b"))
    successor.latest_report.announce(decode(encode(bench.announced[-1])))
    successor.mastership.give(FakeTerm(epoch=4))
    async with running(successor):
        await until(lambda: bool(successor.shared))
    assert successor.shared[0].feedback.pending.tolist() == [entry.invitations for entry in entries]
    assert successor.shared[0].result.invitations.tolist() == [0, 0]


async def test_damaged_state_is_refused_with_its_reason_and_the_term_starts_afresh(bench: Bench) -> None:
    bench.platform.answer = lambda token, targets: accept(token, targets, pending=50)
    bench.mastership.give(FakeTerm())
    async with running(bench):
        await until(lambda: bool(bench.shared))
    state = bytearray(bench.shared[-1].learned_state)
    state[50:54] = np.array([np.nan], "<f4").tobytes()
    successor = Bench()
    successor.plan.use_settings(SETTINGS)
    successor.plan.use_targets(target_set("a", "b"))
    successor.latest_report.post(replace(bench.shared[-1], learned_state=bytes(state)), 0.0)
    successor.mastership.give(FakeTerm(epoch=4))
    with structlog.testing.capture_logs() as logs:
        async with running(successor):
            await until(lambda: bool(successor.shared))
    assert successor.shared[0].pushed
    assert successor.shared[0].feedback.pending.tolist() == [0.0, 0.0]
    refused = [each for each in logs if each["event"] == "cycle.state_not_resumed"]
    assert [each["error"] for each in refused] == ["the checksum does not fit: cut off or damaged"]


async def test_after_a_term_the_node_stands_by_again(bench: Bench) -> None:
    term = FakeTerm()
    bench.mastership.give(term)
    async with running(bench):
        await until(lambda: bool(bench.platform.pushes))
        term.ended.set()
        await asyncio.sleep(0.1)
        sent = len(bench.platform.pushes)
        read = bench.statistics.snapshots
        await until(lambda: bench.statistics.snapshots >= read + 2)
        assert len(bench.platform.pushes) == sent


async def test_raw_statistics_of_a_push_are_whole_counts_and_totals_add_up(bench: Bench) -> None:
    bench.statistics.now = snapshot(2, ready=2.0, busy=3.0, waiting=1.0, accepted=4.0, abandoned=1.0)
    bench.mastership.give(FakeTerm())
    async with running(bench):
        await until(lambda: len(bench.platform.pushes) >= 2)
    entry = bench.platform.pushes[1][1][0]
    assert (entry.ready, entry.waiting, entry.logged_in) == (2, 1, 5)
    assert entry.accepted_total >= 8
    assert entry.abandoned_total * 4 == entry.accepted_total
    assert entry.inbound_portion is None
    assert entry.interval_seconds == PERIOD


STOP = Holds(Hold("somebody", "a fire drill", 0.0))


def invited(bench: Bench) -> list[list[int]]:
    """Per push what each target may be sent."""
    return [[entry.invitations for entry in targets] for _, targets, _ in bench.platform.pushes]


async def test_an_emergency_stop_does_not_wait_for_the_next_period(bench: Bench) -> None:
    bench.mastership.give(FakeTerm())
    async with running(bench):
        await asyncio.sleep(1.0)
        bench.plan.use_holds(STOP)
        await asyncio.sleep(0.1)
        bench.plan.use_holds(STOP)
        await asyncio.sleep(PERIOD)
    first, *held = invited(bench)
    assert push_times(bench)[:2] == [0.0, 1.0]
    assert min(first) > 0
    assert held == [[0, 0]] * (len(push_times(bench)) - 1)
    assert len(held) <= 2, "the same stop again is no reason for another push"


async def test_a_new_master_reads_what_was_ordered_before_its_first_push(bench: Bench) -> None:
    async def read() -> None:
        await asyncio.sleep(0.3)
        bench.plan.use_holds(STOP)

    bench.read_holds = read
    bench.mastership.give(FakeTerm())
    async with running(bench):
        await until(lambda: bool(bench.platform.pushes))
    assert push_times(bench)[0] == 0.3
    assert invited(bench)[0] == [0, 0]


async def test_holds_that_cannot_be_read_cost_a_new_master_no_more_than_the_budget_of_a_push(bench: Bench) -> None:
    async def read() -> None:
        await asyncio.Event().wait()

    bench.read_holds = read
    bench.mastership.give(FakeTerm())
    async with running(bench):
        await until(lambda: bool(bench.platform.pushes))
    assert push_times(bench)[0] == SETTINGS.budget_seconds


async def test_a_cycle_that_lasts_longer_than_its_period_is_followed_at_once_by_one_that_makes_up_for_none(
    bench: Bench,
) -> None:
    bench.platform.hold = asyncio.Event()
    bench.mastership.give(FakeTerm())
    async with running(bench):
        await asyncio.sleep(2.5 * PERIOD)
        bench.platform.hold.set()
        await until(lambda: len(bench.platform.pushes) >= 3)
    assert push_times(bench)[:3] == [0.0, 2.5 * PERIOD, 3.5 * PERIOD]
    assert bench.cycle_counters.overruns == 1


async def test_what_pushes_take_is_known_of_the_running_term_alone(bench: Bench) -> None:
    term = FakeTerm()
    bench.mastership.give(term)
    async with running(bench):
        await until(lambda: bench.cycle_counters.push_time is not None)
        term.ended.set()
        await until(lambda: bench.cycle_counters.push_time is None)


async def test_what_is_remembered_follows_a_clock_that_is_set(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    followed: list[float] = []
    monkeypatch.setattr(PacingState, "clock_set", lambda _state, seconds, _now: followed.append(seconds))
    steps = iter([0.0, 0.0, 3600.0])
    monkeypatch.setattr(bench.clock_steps, "seconds", lambda: next(steps, 0.0))
    bench.mastership.give(FakeTerm())
    async with running(bench):
        await until(lambda: len(bench.platform.pushes) == 3)
    assert followed == [3600.0]
