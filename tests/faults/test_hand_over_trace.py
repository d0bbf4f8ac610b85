"""Where the time of a hand-over went, read from two nodes' logs."""

from __future__ import annotations

from datetime import UTC, datetime

from simulator.harness.hand_over_trace import hand_over_trace

FAULT = datetime(2026, 12, 1, 10, 0, 0, tzinfo=UTC).timestamp()


def line(milliseconds: float, event: str) -> str:
    at = datetime.fromtimestamp(FAULT + milliseconds / 1000.0, UTC).isoformat(timespec="microseconds")
    return f"{at.replace('+00:00', 'Z')} [info     ] {event:<30} epoch=7 node=n1"


def steps(old: list[str], new: list[str]) -> list[tuple[str, int, int]]:
    trace = hand_over_trace(FAULT, FAULT + 0.2, "\n".join(old), "\n".join(new))
    return [(each.name, round(1000 * each.at), round(1000 * each.took)) for each in trace]


def test_each_step_counts_from_the_one_before_it() -> None:
    old = [line(5, "leadership.ended"), line(20, "leadership.released")]
    new = [line(25, "leadership.vacant"), line(60, "leadership.acquired")]
    assert steps(old, new) == [
        ("notice", 5, 5),
        ("release", 20, 15),
        ("watch", 25, 5),
        ("acquire", 60, 35),
        ("first push", 200, 140),
    ]


def test_an_order_has_come_before_its_node_ends_the_term() -> None:
    old = [line(12, "leadership.step_down"), line(13, "leadership.ended"), line(20, "leadership.released")]
    assert steps(old, [])[:3] == [("order", 12, 12), ("notice", 13, 1), ("release", 20, 7)]


def test_the_word_of_a_supervisor_counts_as_that_of_its_node() -> None:
    old = [line(9, "supervisor.worker_died"), line(30, "supervisor.mastership_released")]
    assert steps(old, [])[:2] == [("notice", 9, 9), ("release", 30, 21)]


def test_news_that_comes_before_the_answer_takes_no_time_and_what_no_log_tells_is_left_out() -> None:
    old = [line(5, "leadership.ended"), line(20, "leadership.released")]
    new = [line(18, "leadership.vacant")]
    assert steps(old, new) == [("notice", 5, 5), ("release", 20, 15), ("watch", 18, 0), ("first push", 200, 180)]


def test_what_happened_before_the_fault_or_after_the_push_is_of_another_hand_over() -> None:
    old = [
        line(-50, "leadership.ended"),
        line(-40, "leadership.released"),
        "no log line",
        line(900, "leadership.ended"),
    ]
    new = [line(-30, "leadership.acquired"), line(900, "leadership.vacant")]
    assert steps(old, new) == [("first push", 200, 200)]
