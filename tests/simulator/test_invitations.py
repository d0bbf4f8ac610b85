"""Invitations: what a push allows, how visitors answer, and what the platform reports of it."""

from __future__ import annotations

import pytest

from simulator.model import ContactCentre, one_per_ready_slot, run_paced
from simulator.model.invitations import acceptance_at
from simulator.model.spec import Acceptance
from tests.simulator.centres import chat_centre, eager


def invited(centre: ContactCentre) -> int:
    return centre.targets[0].invitations.invited


def test_invitations_are_spread_over_the_interval() -> None:
    centre = chat_centre()
    centre.allow(centre.targets[0], 10, 10.0)
    seen = []
    for second in range(1, 11):
        centre.run_until(float(second))
        seen.append(invited(centre))
    assert seen[0] in {1, 2}
    assert 4 <= seen[3] <= 6
    assert seen[-1] == 10


def test_without_another_push_inviting_ends() -> None:
    centre = chat_centre(invitations={"visitors_per_hour": 3600.0})
    centre.allow(centre.targets[0], 100, 5.0)
    centre.run_until(5.0)
    at_the_end = invited(centre)
    assert 0 < at_the_end < 100
    centre.run_until(500.0)
    assert invited(centre) == at_the_end
    assert centre.allowance_left(centre.targets[0]) == 0


def test_a_new_push_drops_what_the_one_before_left() -> None:
    centre = chat_centre()
    centre.allow(centre.targets[0], 100, 10.0)
    centre.run_until(2.0)
    before = invited(centre)
    assert 15 <= before <= 35
    centre.allow(centre.targets[0], 5, 10.0)
    centre.run_until(100.0)
    assert invited(centre) == before + 5


def test_an_allowance_of_nothing_stops_inviting_at_once() -> None:
    centre = chat_centre()
    centre.allow(centre.targets[0], 100, 10.0)
    centre.run_until(1.0)
    before = invited(centre)
    centre.allow(centre.targets[0], 0, 10.0)
    centre.run_until(100.0)
    assert invited(centre) == before


def test_few_visitors_are_the_limit_where_they_are_few() -> None:
    centre = chat_centre(50, invitations={"visitors_per_hour": 360.0})
    run_paced(centre, one_per_ready_slot, until=3600.0)
    assert 300 < invited(centre) < 420


def test_pending_is_what_is_out_without_an_answer() -> None:
    centre = chat_centre(invitations=eager(answer={"kind": "fixed", "seconds": 20.0}))
    centre.allow(centre.targets[0], 4, 5.0)
    centre.run_until(10.0)
    assert centre.report(centre.targets[0]).pending == 4
    centre.run_until(30.0)
    assert centre.report(centre.targets[0]).pending == 0
    assert centre.targets[0].proactive.entered == 4


def test_nobody_answers_after_the_time_out() -> None:
    spec = {"acceptance": {"ratio": 0.0}, "ignored": 1.0, "timeout": 30.0}
    centre = chat_centre(invitations=spec)
    centre.allow(centre.targets[0], 50, 1.0)
    centre.run_until(29.9)
    assert centre.report(centre.targets[0]).pending == 50
    centre.run_until(31.0)
    report = centre.report(centre.targets[0])
    assert report.pending == 0
    assert report.refuse_seconds == pytest.approx(30.0)


def test_averages_are_reported_after_some_dispositions_only() -> None:
    centre = chat_centre(
        100, invitations={"acceptance": {"ratio": 0.4}, "answer": {"kind": "exponential", "mean": 10.0}}
    )
    first = centre.report(centre.targets[0])
    assert (first.acceptance_ratio, first.accept_seconds, first.refuse_seconds) == (None, None, None)
    centre.allow(centre.targets[0], 2000, 100.0)
    centre.run_until(300.0)
    report = centre.report(centre.targets[0])
    assert report.acceptance_ratio == pytest.approx(0.4, abs=0.12)
    assert report.accept_seconds == pytest.approx(10.0, rel=0.15)
    assert report.refuse_seconds == pytest.approx(10.0, rel=0.15)


def test_the_reported_ratio_follows_a_change() -> None:
    centre = chat_centre(500, invitations={"answer": {"kind": "fixed", "seconds": 1.0}})
    for factor, expected in ((1.0, 0.3), (3.0, 0.9)):
        centre.set_acceptance_factor(factor)
        centre.allow(centre.targets[0], 1500, 100.0)
        centre.run_until(centre.now + 110.0)
        assert centre.report(centre.targets[0]).acceptance_ratio == pytest.approx(expected, abs=0.11)


def test_acceptance_takes_steps_and_waves_within_0_and_1() -> None:
    stepped = Acceptance(ratio=0.3, steps=((100.0, 0.6), (200.0, 0.1)))
    assert [acceptance_at(stepped, t) for t in (0.0, 99.9, 100.0, 199.0, 200.0, 1e6)] == [0.3, 0.3, 0.6, 0.6, 0.1, 0.1]
    waving = Acceptance(ratio=0.9, wave=0.5, wave_period=400.0)
    assert [acceptance_at(waving, t) for t in (0.0, 100.0, 300.0)] == pytest.approx([0.9, 1.0, 0.45])


def test_a_page_lets_only_the_inbound_portion_of_reactive_visitors_through() -> None:
    centre = chat_centre(200, reactive={"per_hour": (3600.0,)})
    centre.allow(centre.targets[0], 0, 5.0, inbound_portion=0.25)
    centre.run_until(4000.0)
    target = centre.targets[0]
    share = target.reactive.entered / (target.reactive.entered + target.reactive_blocked)
    assert share == pytest.approx(0.25, abs=0.03)
    centre.allow(target, 0, 5.0)
    blocked = target.reactive_blocked
    centre.run_until(5000.0)
    assert target.reactive_blocked == blocked
