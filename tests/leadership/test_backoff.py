"""Delays between attempts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.backoff import Backoff


class TestDelays:
    def test_double_with_each_failure_up_to_the_longest(self) -> None:
        backoff = Backoff(0.5, 3.0, jitter=0.0)
        assert [backoff.next_seconds() for _ in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]
        assert backoff.failures == 5

    def test_begin_again_with_the_first_after_a_success(self) -> None:
        backoff = Backoff(0.5, 3.0, jitter=0.0)
        backoff.next_seconds()
        backoff.next_seconds()
        backoff.reset()
        assert backoff.failures == 0
        assert backoff.next_seconds() == 0.5

    def test_stay_bounded_after_any_number_of_failures(self) -> None:
        backoff = Backoff(0.1, 60.0, jitter=0.0)
        assert [backoff.next_seconds() for _ in range(5000)][-1] == 60.0

    @given(jitter=st.floats(0.0, 1.0), share=st.floats(0.0, 1.0))
    def test_are_shortened_by_chance_by_no_more_than_the_jitter(self, jitter: float, share: float) -> None:
        backoff = Backoff(2.0, 8.0, jitter=jitter, uniform=lambda low, high: low + share * (high - low))
        for full in (2.0, 4.0, 8.0, 8.0):
            assert full * (1.0 - jitter) * 0.999 <= backoff.next_seconds() <= full * 1.001


class TestBounds:
    @pytest.mark.parametrize(
        ("first", "longest", "jitter", "message"),
        [
            (0.0, 1.0, 0.5, "found 0 to 1 s, allowed is 0 < first <= longest"),
            (2.0, 1.0, 0.5, "found 2 to 1 s"),
            (1.0, 2.0, 1.5, "jitter: found 1.5, allowed is 0 to 1"),
        ],
    )
    def test_are_checked_when_it_is_made(self, first: float, longest: float, jitter: float, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            Backoff(first, longest, jitter=jitter)
