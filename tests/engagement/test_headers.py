"""What a platform's headers ask for, read so that none of them stops the pushes for longer than they may."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacing_node.engagement.headers import (
    LONGEST_WAIT_SECONDS,
    rate_limit_seconds,
    requests_left,
    retry_after_seconds,
)

SENT = "Thu, 01 Jan 2026 00:00:00 GMT"
WAITS = [
    ("3", 3.0),
    ("0", 0.0),
    ("-5", 0.0),
    ("1e9", LONGEST_WAIT_SECONDS),
    ("1e999", None),
    ("inf", None),
    ("nan", None),
    ("soon", None),
    ("", None),
    ("9" * 5000, None),
    ("Thu, 01 Jan 2026 00:00:30 GMT", 30.0),
    ("Thu, 01 Jan 1970 00:00:30 GMT", 0.0),
    ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_WAIT_SECONDS),
    ("Mon, 99 Jan 99999 99:99:99 GMT", None),
    ("Thu, 01 Jan 2026 00:00:30", None),
]


@pytest.mark.parametrize(("asked", "seconds"), WAITS)
def test_a_wait_is_bounded_or_not_read(asked: str, seconds: float | None) -> None:
    assert retry_after_seconds({"retry-after": asked, "date": SENT}) == seconds


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_header_asks_for_more_than_the_longest_wait(asked: str, date: str) -> None:
    wait = retry_after_seconds({"retry-after": asked, "date": date})
    assert wait is None or 0.0 <= wait <= LONGEST_WAIT_SECONDS


@given(st.dictionaries(st.sampled_from(["count", "allowed", "reset"]), st.text(max_size=20) | st.floats().map(str)))
def test_no_rate_asks_for_more_either(given_rates: dict[str, str]) -> None:
    wait = rate_limit_seconds({f"inin-ratelimit-{name}": text for name, text in given_rates.items()})
    assert wait is None or 0.0 <= wait <= LONGEST_WAIT_SECONDS


@pytest.mark.parametrize(
    ("count", "allowed", "left"),
    [("10", "300", 290), ("300", "10", 0), ("1e308", "-1e308", 0), ("-1e308", "1e308", 10**9), ("nan", "1", None)],
)
def test_requests_that_are_left_are_a_number_within_bounds(count: str, allowed: str, left: int | None) -> None:
    rates = {"inin-ratelimit-count": count, "inin-ratelimit-allowed": allowed, "inin-ratelimit-reset": "7"}
    assert requests_left(rates)[0] == left
