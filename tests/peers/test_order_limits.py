"""A hand-over by order is not followed by another one at once."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.errors import RefusedError
from cluster.peers.order_limits import HandOverLimit
from tests.support.waiting import until

if TYPE_CHECKING:
    from tests.leadership.conftest import Members


def test_a_term_after_a_loss_and_the_first_one_can_be_ended_at_once() -> None:
    limit = HandOverLimit(10.0)
    assert limit.seconds_left(5.0, {"a"}) == 0.0
    limit.began(5.0, None)
    assert limit.seconds_left(5.0, {"a", "b"}) == 0.0


def test_a_term_that_was_handed_over_lasts_an_interval() -> None:
    limit = HandOverLimit(10.0)
    limit.began(100.0, "b")
    assert limit.seconds_left(102.5, {"a", "b"}) == 7.5
    assert limit.seconds_left(110.0, {"a", "b"}) == 0.0
    assert limit.seconds_left(102.5, {"a"}) == 0.0, "b was stopped, not ordered"


def test_a_node_that_has_handed_over_waits_as_well() -> None:
    limit = HandOverLimit(10.0)
    limit.carried_out(100.0)
    limit.began(101.0, None)
    assert limit.seconds_left(104.0, {"a"}) == 6.0


@given(st.lists(st.floats(0.0, 3.0), max_size=200), st.integers(2, 5))
def test_a_loop_of_orders_moves_the_mastership_once_in_an_interval(gaps: list[float], count: int) -> None:
    """However many nodes there are: each of them hands over to the next one."""
    names = {f"n{each}" for each in range(count)}
    limits, master, now, handed_over = [HandOverLimit(10.0) for _ in range(count)], 0, 0.0, list[float]()
    limits[0].began(0.0, None)
    for gap in gaps:
        now += gap
        if limits[master].seconds_left(now, names) <= 0.0:
            limits[master].carried_out(now)
            handed_over.append(now)
            previous, master = master, (master + 1) % count
            limits[master].began(now, f"n{previous}")
    assert all(after - before >= 10.0 for before, after in pairwise(handed_over))


@pytest.mark.ensemble
async def test_the_second_of_two_orders_is_told_when_it_can_be_given_again(members: Members) -> None:
    for name in ("a", "b", "c"):
        await members.join(name, cooldown_seconds=30.0)
    master = await members.master()
    await until(lambda: all(len(each.members()) == 3 for each in members.all))
    assert await master.step_down("an operator") == 1
    successor = await members.master(other_than=master)
    for _ in range(20):
        with pytest.raises(RefusedError, match=r"has just been handed over; step down again in \d+\.\d s"):
            await master.step_down("an operator")
    assert (successor.status().epoch, successor.mastership.term is not None) == (2, True)
