"""Between two full pushes: what has changed goes out, the full one is never late for it, and failures cost no more."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from cluster.token import Token
from pacing_node.algorithms.model import Algorithm, Snapshot
from pacing_node.assembly.adapters import cycle_settings
from pacing_node.cycle.pacing_state import PacingState
from pacing_node.cycle.partial_pushes import STEP_SECONDS, budget_seconds
from pacing_node.cycle.plan import CycleSettings
from pacing_node.engagement.platform import PushOutcome, PushStatus, TargetPush
from pacing_node.engagement.replies import TargetReply
from pacing_node.options.cluster_options import advice, parse_cluster_options
from pacing_node.options.errors import ConfigurationError
from tests.cycle.test_pacer import Bench, push_times, running
from tests.support.cycle_parts import FakeTerm, snapshot, target_set
from tests.support.waiting import until

pytestmark = pytest.mark.looptime

SETTINGS = CycleSettings(algorithm=Algorithm.SUPER_PROGRESSIVE, partial_pushes=True)
OPTIONS = "configServer: {path: objects.yaml}\nstatServer: {primary: stat:1}\n"


def statistics(ready_at_b: float, *, ready_at_a: float = 0.0, waiting: float = 0.0, valid: bool = True) -> Snapshot:
    """So many of 12 slots are ready at each of the two; the others are busy."""
    ready = np.array([ready_at_a, ready_at_b])
    now = snapshot(2, ready=0.0, busy=0.0, waiting=0.0, valid=valid)
    shown = {"ready": ready, "busy": 12.0 - ready, "waiting": np.array([0.0, waiting])}
    return replace(now, **shown, logged_in=np.full(2, 12.0), capable=np.full(2, 12.0))


def takes(_token: Token, targets: Sequence[TargetPush]) -> PushOutcome:
    replies = tuple(TargetReply(pending=1) for _ in targets)
    return PushOutcome(PushStatus.ACCEPTED, replies=replies, takes_partials=True, requests=1)


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.plan.use_settings(SETTINGS)
    bench.plan.use_targets(target_set("a", "b"))
    bench.platform.answer = takes
    bench.statistics.now = statistics(0.0)
    return bench


async def full_push(bench: Bench) -> None:
    """Become master, push everything, and let an agent become ready at b."""
    bench.mastership.give(FakeTerm())
    await until(lambda: bool(bench.shared))
    bench.statistics.now = statistics(3.0)


def kinds(bench: Bench) -> list[tuple[int, int | None, list[str]]]:
    """Sequence, what it changes, and targets of each push."""
    pushes = zip(bench.platform.pushes, bench.platform.prevs, strict=True)
    return [(token.sequence, prev, [each.target.queue for each in targets]) for (token, targets, _), prev in pushes]


async def test_a_target_where_an_agent_became_free_is_pushed_on_its_own(bench: Bench) -> None:
    async with running(bench):
        await full_push(bench)
        await until(lambda: len(bench.platform.pushes) == 2)
        await until(lambda: len(bench.shared) == 2)
    assert kinds(bench) == [(1, None, ["a", "b"]), (2, 1, ["b"])]
    [some] = bench.platform.pushes[1][1]
    assert some.invitations > 0
    at = push_times(bench)[1]
    assert some.interval_seconds == pytest.approx(SETTINGS.refresh_seconds - at), "until the next full push"
    assert at / STEP_SECONDS == pytest.approx(round(at / STEP_SECONDS)), "once in a second it is looked at"


async def test_where_nothing_happens_nothing_is_pushed(bench: Bench) -> None:
    async with running(bench):
        bench.mastership.give(FakeTerm())
        await until(lambda: len(bench.platform.pushes) == 3)
    assert [prev for _, prev, _ in kinds(bench)] == [None] * 3


@pytest.mark.parametrize(
    "change",
    [
        lambda bench: bench.plan.use_settings(replace(SETTINGS, partial_pushes=False)),
        lambda bench: setattr(bench.platform, "answer", lambda *a: replace(takes(*a), takes_partials=False)),
    ],
    ids=["switched off", "a platform of whole states"],
)
async def test_where_they_are_not_wanted_statistics_are_read_once_a_period_as_ever(bench: Bench, change) -> None:
    change(bench)
    async with running(bench):
        await full_push(bench)
        await until(lambda: len(bench.platform.pushes) == 3)
    assert bench.platform.prevs == [None] * 3
    assert bench.statistics.snapshots <= 4


async def test_a_full_push_is_never_late_for_a_partial_one(bench: Bench) -> None:
    """Every partial push takes as long as it may, and something changes all the time."""
    async with running(bench):
        await full_push(bench)
        bench.platform.hold = asyncio.Event()
        for number in range(40):
            bench.statistics.now = statistics(float(number % 12))
            await asyncio.sleep(budget_seconds(SETTINGS))
            bench.platform.hold.set()
            await asyncio.sleep(0.0)
            bench.platform.hold.clear()
    times = [at for at, prev in zip(push_times(bench), bench.platform.prevs, strict=True) if prev is None]
    assert times[:4] == [0.0, 5.0, 10.0, 15.0]
    assert len(bench.platform.prevs) - len(times) >= 4, "and there were some"
    for (_, _, deadline), at, prev in zip(bench.platform.pushes, push_times(bench), bench.platform.prevs, strict=True):
        if prev is not None:
            assert 5.0 - at % 5.0 >= budget_seconds(SETTINGS)
            assert deadline > 0.0


async def test_a_failed_partial_push_is_followed_by_the_full_one_when_it_is_due(bench: Bench) -> None:
    def fails_partially(token: Token, targets: Sequence[TargetPush]) -> PushOutcome:
        if bench.platform.prevs[-1] is None:
            return takes(token, targets)
        return PushOutcome(PushStatus.OUT_OF_STEP, "another state", answered=True)

    bench.platform.answer = fails_partially
    async with running(bench) as pacer:
        await full_push(bench)
        await until(lambda: len(bench.platform.pushes) == 3)
    assert [prev for _, prev, _ in kinds(bench)] == [None, 1, None]
    assert push_times(bench)[2] == 5.0, "not before: a platform that always refuses is not asked more often"
    assert bench.reached == [True, True], "of the partial one nothing is said: it does not count for self-demotion"
    counters = pacer.cycle_counters
    assert (counters.pushes, counters.partial_pushes) == ({"accepted": 2}, {"out_of_step": 1})
    assert counters.failed_in_a_row == 0


async def test_an_unexpected_error_in_a_partial_push_costs_nothing_but_that(bench: Bench) -> None:
    def raises_partially(token: Token, targets: Sequence[TargetPush]) -> PushOutcome:
        if bench.platform.prevs[-1] is None:
            return takes(token, targets)
        raise ArithmeticError

    bench.platform.answer = raises_partially
    async with running(bench) as pacer:
        await full_push(bench)
        await until(lambda: len(bench.platform.pushes) == 3)
    assert [prev for _, prev, _ in kinds(bench)] == [None, 1, None]
    assert pacer.cycle_counters.failed_cycles == 0


async def test_other_targets_or_settings_wait_for_the_full_push(bench: Bench) -> None:
    async with running(bench):
        await full_push(bench)
        bench.plan.use_settings(replace(SETTINGS, caution=2.0))
        await until(lambda: len(bench.platform.pushes) == 2)
    assert bench.platform.prevs == [None, None]


async def test_the_budget_of_requests_holds_back_partial_pushes_alone(bench: Bench) -> None:
    bench.plan.use_settings(replace(SETTINGS, requests_per_minute=3))
    async with running(bench):
        await full_push(bench)
        for number in range(100):
            bench.statistics.now = statistics(float(number % 12))
            await asyncio.sleep(0.5)
    full = [prev for prev in bench.platform.prevs if prev is None]
    assert len(full) in {10, 11}, "more than the budget, and every one of them"
    assert len(bench.platform.prevs) - len(full) == 2


async def test_a_partial_push_is_not_wider_than_a_request(bench: Bench) -> None:
    bench.plan.use_settings(replace(SETTINGS, entities_per_request=1))
    async with running(bench):
        await full_push(bench)
        bench.statistics.now = statistics(3.0, ready_at_a=2.0)
        await until(lambda: len(bench.platform.pushes) == 3)
    some = kinds(bench)[1:]
    assert [(sequence, prev) for sequence, prev, _ in some] == [(2, 1), (3, 2)]
    assert sorted(targets for _, _, targets in some) == [["a"], ["b"]]


async def test_a_target_whose_visitors_already_wait_is_stopped(bench: Bench) -> None:
    bench.statistics.now = statistics(3.0)
    async with running(bench):
        bench.mastership.give(FakeTerm())
        await until(lambda: bool(bench.shared))
        bench.statistics.now = statistics(3.0, waiting=9.0)
        await until(lambda: len(bench.platform.pushes) == 2)
    assert kinds(bench)[1] == (2, 1, ["b"])
    assert bench.platform.pushes[1][1][0].invitations == 0


async def test_statistics_that_are_not_valid_change_nothing(bench: Bench) -> None:
    async with running(bench):
        await full_push(bench)
        bench.statistics.now = statistics(3.0, valid=False)
        await until(lambda: len(bench.platform.pushes) == 2)
    assert bench.platform.prevs == [None, None]


async def test_the_standbys_know_of_a_partial_push_before_and_after_it(bench: Bench) -> None:
    bench.platform.answer = lambda token, targets: replace(
        takes(token, targets), replies=tuple(TargetReply(pending=1, error="no") for _ in targets)
    )
    async with running(bench):
        await full_push(bench)
        full = bench.shared[0]
        bench.platform.answer = takes
        await until(lambda: len(bench.shared) == 2)
    before, after = bench.announced[1], bench.shared[1]
    assert (before.sequence, before.in_flight, before.pushed) == (2, True, False)
    assert (after.sequence, after.in_flight, after.pushed) == (2, False, True)
    for report in (before, after):
        assert report.calculated_at == full.calculated_at, "no number is older than the report says"
        assert report.result.invitations[0] == full.result.invitations[0]
        assert report.result.invitations[1] > full.result.invitations[1]
        assert (report.snapshot.ready[0], report.snapshot.ready[1]) == (0.0, 3.0)
        assert report.accepted_at == full.accepted_at
    assert (full.target_errors, after.target_errors) == (("no", "no"), ("no", ""))
    assert before.learned_state != full.learned_state


async def test_after_a_failed_partial_push_the_report_is_what_it_was(bench: Bench) -> None:
    bench.platform.answer = lambda token, targets: (
        takes(token, targets) if bench.platform.prevs[-1] is None else PushOutcome(PushStatus.DEADLINE)
    )
    async with running(bench):
        await full_push(bench)
        age = bench.latest_report.age_seconds(0.0)
        await until(lambda: len(bench.shared) == 2)
        full, after = bench.shared
        assert bench.latest_report.newest is bench.latest_report.report
        assert bench.latest_report.age_seconds(0.0) == age, "the same cycle as before, and as old"
    assert (after.sequence, after.push_status, after.pushed) == (1, "accepted", True)
    assert after.result.invitations.tolist() == full.result.invitations.tolist()
    assert after.learned_state != full.learned_state, "it may have arrived"


@pytest.mark.parametrize(
    ("text", "partials", "findings"),
    [
        ("", False, []),
        ("pacing: {partialPushes: off}\n", False, []),
        ("pacing: {partialPushes: auto, requestsPerMinute: 30}\n", True, []),
        ("pacing: {partialPushes: auto}\npacingEndpoint: {fencing: none}\n", False, ["pacing.partialPushes"]),
    ],
)
async def test_they_are_off_unless_asked_for_and_never_without_fencing(text: str, partials: bool, findings) -> None:
    options = parse_cluster_options(OPTIONS + text, "test")
    assert cycle_settings(options, 1.2).partial_pushes is partials
    assert [finding.where for finding in advice(options)] == findings


@pytest.mark.parametrize("value", ["on", "true", "1", "sometimes"])
async def test_another_value_is_refused_with_what_is_allowed(value: str) -> None:
    with pytest.raises(ConfigurationError, match=r"partialPushes.*one of off, auto"):
        parse_cluster_options(f"{OPTIONS}pacing: {{partialPushes: {value}}}\n", "test")


def counted(accepted: float, at: float) -> Snapshot:
    return replace(snapshot(2, accepted=accepted), taken_at=at)


def test_the_laws_learn_once_in_a_period_from_all_that_was_counted_in_it() -> None:
    targets = target_set("a", "b")
    looked, plain = PacingState(SETTINGS, targets), PacingState(SETTINGS, targets)
    for state in (looked, plain):
        state.calculate(counted(0.0, 1000.0), 1000.0)
    looked.preview(counted(2.0, 1001.0), 1001.0)
    saved = looked.save(1001.0)
    looked.preview(counted(1.0, 1002.0), 1002.0)
    assert looked.save(1001.0) == saved, "a preview changes nothing"
    after = looked.calculate(counted(4.0, 1005.0), 1005.0)
    expected = plain.calculate(counted(7.0, 1005.0), 1005.0)
    assert after.result.invitations.tolist() == expected.result.invitations.tolist()
    assert looked.save(1005.0) == plain.save(1005.0)
    assert looked.accepted_total.tolist() == [7.0, 7.0]


def test_what_was_counted_in_another_term_is_forgotten() -> None:
    state = PacingState(SETTINGS, target_set("a", "b"))
    state.calculate(counted(0.0, 1000.0), 1000.0)
    state.preview(counted(2.0, 1001.0), 1001.0)
    state.term_began()
    state.calculate(counted(4.0, 9000.0), 9000.0)
    assert state.accepted_total.tolist() == [4.0, 4.0]
