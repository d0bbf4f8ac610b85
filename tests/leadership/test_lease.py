"""How long a lease lasts, in figures worked out by hand."""

from __future__ import annotations

import pytest

from cluster.lease import LeaseTimes, Touches

SHIPPED = LeaseTimes(session_timeout_seconds=4.0, heartbeat_seconds=0.5, tick_seconds=0.5)


def test_in_steady_service_a_lease_ends_before_its_session_by_the_margin() -> None:
    # 4 - (0.5 + 0.25 + 0.08) from the moment the proof was sent
    assert SHIPPED.margin_seconds == pytest.approx(0.83)
    assert SHIPPED.end(sent_at=100.0, touched_at=99.75) == pytest.approx(103.17)


def test_after_a_pause_a_lease_counts_from_the_last_touch_that_was_surely_known() -> None:
    assert SHIPPED.end(sent_at=100.0, touched_at=97.0) == pytest.approx(100.92)


def test_a_touch_is_known_half_a_tick_after_its_answer() -> None:
    touches = Touches(90.0, SHIPPED)
    touches.note(sent_at=99.0, answered_at=99.01)
    touches.note(sent_at=99.9, answered_at=99.91)
    assert touches.known_at(99.2) == 90.0
    assert touches.known_at(100.0) == 99.0
    assert touches.known_at(100.2) == 99.9


def test_half_a_tick_by_a_fast_clock_is_not_half_a_tick_for_zookeeper() -> None:
    touches = Touches(90.0, SHIPPED)
    touches.note(sent_at=99.0, answered_at=99.0)
    assert touches.known_at(99.0 + 0.25 * 1.019) == 90.0
    assert touches.known_at(99.0 + 0.25 * 1.021) == 99.0


def test_a_touch_that_is_pruned_lengthens_no_lease_that_has_not_ended() -> None:
    """A proof sent before the pruned touch can be answered after it: then the touch was not known to it."""
    touches = Touches(90.0, SHIPPED)
    for at in (99.0, 99.5, 100.0, 100.5, 101.0, 101.5, 102.0, 102.5, 103.0):
        touches.note(at, at)
    assert touches.known_at(99.1) == 90.0
    touches.note(104.0, 104.0)
    assert SHIPPED.end(99.1, touches.known_at(99.1)) < 104.0


def test_with_the_tick_unknown_a_lease_ends_before_its_session_whatever_the_tick_is() -> None:
    """The leader knows of touches half a tick late, and a proof is no touch: T = 4 s is granted with a tick of 2 s."""
    unknown = LeaseTimes(session_timeout_seconds=4.0, heartbeat_seconds=0.5, tick_seconds=2.0)
    for tick in (0.5, 1.0, 2.0):
        newest_touch_known = 100.0 - 0.5 - tick / 2
        assert unknown.end(sent_at=100.0, touched_at=100.0) < newest_touch_known + 4.0
    assert SHIPPED.end(sent_at=100.0, touched_at=100.0) > 100.0 - 0.5 - 2.0 / 2 + 4.0, "what the tick was taken for"


def test_a_longer_session_than_asked_for_tells_of_a_longer_tick() -> None:
    granted = SHIPPED.granted(8.0)
    assert granted.tick_seconds == 4.0
    assert granted.end(100.0, 100.0) == pytest.approx(100.0 - 0.5 - 2.0 + 7.84)


def test_a_shorter_session_than_asked_for_keeps_the_tick() -> None:
    assert SHIPPED.granted(2.0) == LeaseTimes(2.0, 0.25, 0.5)


def test_a_much_shorter_session_than_asked_for_still_carries_an_action() -> None:
    """Asked for 30 s, granted 2 s by the ensemble's maxSessionTimeout."""
    granted = LeaseTimes(session_timeout_seconds=30.0, heartbeat_seconds=3.75, tick_seconds=0.5).granted(2.0)
    shortest_left = granted.end(100.0, 100.0) - 100.0 - granted.heartbeat_seconds
    assert shortest_left > granted.longest_action_seconds == pytest.approx(2.0 / 3)
