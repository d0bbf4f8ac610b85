"""Measures on the platform's record."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.harness.push_record import (
    Push,
    applied,
    changes_of_epoch,
    faults_of,
    full_pushes,
    longest_interval,
    missed_periods,
    out_of_order,
)
from tests.faults.pushes import ZERO, partial, push, record


def test_an_entry_without_a_token_has_epoch_and_sequence_0():
    wire = {"index": 3, "received_at": 1.5, "cluster_id": None, "epoch": None, "sequence": None, "part": None}
    read = Push.from_wire(wire | {"accepted": False, "replayed": False, "reason": "unauthorized"})
    assert (read.token, read.cluster_id, read.part, read.reason) == ((0, 0), "", "1/1", "unauthorized")


def test_an_entry_survives_the_way_through_json():
    one = push(1.0, 3, 4, index=9, reason="")
    assert Push.from_wire(one.as_dict()) == one


def test_refused_and_replayed_pushes_take_no_effect():
    pushes = record(push(0, 1, 1), push(1, 1, 1, replayed=True), push(2, 1, 2, accepted=False), push(3, 1, 3))
    assert [each.sequence for each in applied(pushes)] == [1, 3]


def test_a_push_in_parts_counts_once_by_its_first_part():
    pushes = record(push(0, 1, 1, part="1/2"), push(0.1, 1, 1, part="2/2"), push(1, 1, 2, part="2/2"))
    assert [each.received_at - ZERO for each in applied(pushes)] == [0, 1]


class TestOrder:
    def test_rising_tokens_are_in_order(self):
        assert out_of_order(record(push(0, 1, 1), push(1, 1, 2), push(2, 2, 1), push(3, 5, 1))) == []

    def test_parts_of_one_push_may_come_in_any_order(self):
        parts = [push(0, 1, 1, part="2/2"), push(0.1, 1, 1, part="1/2"), push(1, 1, 2, part="1/2")]
        assert out_of_order(record(*parts)) == []

    @pytest.mark.parametrize(
        "late",
        [
            push(2, 1, 9),
            push(2, 2, 1),
            push(2, 2, 2),
            push(2, 3, 1, cluster_id="another"),
        ],
        ids=["old term", "same term", "the same part twice", "another cluster"],
    )
    def test_whatever_comes_after_something_newer_is_out_of_order(self, late):
        pushes = record(push(0, 1, 1), push(1, 2, 2), late)
        assert out_of_order(pushes) == [pushes[-1]]

    def test_a_late_push_that_was_refused_harms_nobody(self):
        assert out_of_order(record(push(0, 2, 1), push(1, 1, 9, accepted=False), push(2, 2, 1, replayed=True))) == []

    def test_partial_pushes_follow_the_state_they_name(self):
        pushes = record(push(0, 1, 1), partial(1, 1, 2, 1), partial(2, 1, 3, 2), push(3, 1, 4), push(4, 2, 1))
        assert faults_of(pushes) == []
        assert [each.sequence for each in full_pushes(pushes)] == [1, 4, 1]

    @pytest.mark.parametrize(
        ("before", "wrong", "fault"),
        [
            ([], partial(2, 1, 2, 1), "applied to another state than it names"),
            ([push(0, 1, 1)], partial(2, 1, 3, 2), "applied to another state than it names"),
            ([push(0, 1, 1)], partial(2, 2, 2, 1), "applied to another state than it names"),
            ([push(0, 1, 1, key="c:1:a:1")], partial(2, 1, 2, 1, key="c:1:b:2"), "applied to another state than it"),
            ([push(0, 1, 1, part="1/2")], partial(2, 1, 2, 1), "applied while a push had open parts"),
            ([push(0, 1, 3)], partial(2, 1, 2, 1), "accepted out of order"),
        ],
    )
    def test_a_partial_push_on_another_state_or_into_an_open_push_is_a_fault(self, before, wrong, fault):
        pushes = record(*before, wrong)
        [(found, said)] = faults_of(pushes)
        assert (found, said.startswith(fault)) == (pushes[-1], True)

    @given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), min_size=1, max_size=12, unique=True))
    def test_only_sorted_tokens_are_in_order(self, tokens):
        pushes = record(*(push(at, *token) for at, token in enumerate(tokens)))
        assert (out_of_order(pushes) == []) == (tokens == sorted(tokens))


class TestIntervals:
    def test_an_interval_begins_with_the_push_before_the_fault(self):
        assert longest_interval([0.0, 1.0, 5.0, 6.0], since=1.4, until=6.5) == 4.0

    def test_an_interval_that_is_still_open_counts_until_the_end(self):
        assert longest_interval([0.0, 1.0], since=1.4, until=9.0) == 8.0

    def test_without_any_push_all_of_it_is_one_interval(self):
        assert longest_interval([], since=2.0, until=9.0) == 7.0

    @pytest.mark.parametrize(
        ("second", "missed"), [(1.0, 0), (1.2, 0), (1.3, 1), (2.0, 1), (2.2, 1), (4.6, 4), (5.0, 4)]
    )
    def test_periods_are_missed_beyond_the_grace(self, second, missed):
        assert missed_periods([0.0, second], since=0.5, until=9.0, period_seconds=1.0) == missed

    def test_intervals_before_and_after_do_not_count(self):
        times = [0.0, 5.0, 6.0, 7.0, 15.0]
        assert missed_periods(times, since=5.5, until=6.9, period_seconds=1.0) == 0

    def test_longer_periods_forgive_longer_intervals(self):
        assert missed_periods([0.0, 5.2], since=1.0, until=9.0, period_seconds=5.0) == 0


def test_changes_of_epoch_ignore_refused_pushes():
    pushes = record(push(0, 1, 1), push(1, 3, 1, accepted=False), push(2, 1, 2), push(3, 2, 1), push(4, 4, 1))
    assert changes_of_epoch(pushes) == 2
