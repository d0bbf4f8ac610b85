"""A flood of one kind of event is written in part and counted; everything else is written as ever."""

from __future__ import annotations

import logging
import re

import pytest
import structlog

from cluster.access.audit_log import EVENT
from pacing_node import logs
from pacing_node.logs import kind_limit
from pacing_node.logs.kind_limit import BURST, LEFT_OUT, MOST_KINDS, PER_SECOND, KindLimit, kind_of
from tests.support.waiting import until_blocking

LINES = re.compile(r"lines\W+(\d+)")


def never(_seconds: float, _call: object) -> None:
    """No count of what was left out is written."""


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def record(
    event: object = "bad.request", level: int = logging.WARNING, name: str = "pacing_node.api"
) -> logging.LogRecord:
    return logging.LogRecord(name, level, "", 0, event, (), None)


def test_a_burst_and_then_so_many_a_second() -> None:
    clock = Clock()
    limit = KindLimit(clock, never)
    assert sum(limit.filter(record()) for _ in range(10 * BURST)) == BURST
    clock.now += 5.0
    assert sum(limit.filter(record()) for _ in range(BURST)) == 5 * PER_SECOND
    clock.now += 10 * BURST
    assert sum(limit.filter(record()) for _ in range(10 * BURST)) == BURST


def test_each_kind_has_a_limit_of_its_own() -> None:
    limit = KindLimit(Clock(), never)
    for _ in range(2 * BURST):
        limit.filter(record())
    assert not limit.filter(record())
    assert limit.filter(record("leadership.acquired"))
    assert limit.filter(record(level=logging.ERROR))
    assert limit.filter(record(name="cluster.peers"))


def test_no_order_is_left_out_of_the_audit_log_by_a_flood_of_others() -> None:
    limit = KindLimit(Clock(), never)
    assert all(limit.filter(record(EVENT, name="cluster.access.audit_log")) for _ in range(10 * BURST))


def test_values_in_a_librarys_text_make_no_kinds() -> None:
    first, second = (logging.LogRecord("uvicorn", 30, "", 0, "from %s", (place,), None) for place in ("a", "b"))
    assert kind_of(first) == kind_of(second)


def test_what_is_below_info_is_written_whenever_it_was_asked_for() -> None:
    limit = KindLimit(Clock(), never)
    assert all(limit.filter(record(level=logging.DEBUG)) for _ in range(10 * BURST))


def test_all_outputs_of_a_record_decide_alike_and_count_it_once() -> None:
    limit = KindLimit(Clock(), never)
    for _ in range(BURST):
        each = record()
        assert limit.filter(each)
        assert limit.filter(each)
    assert not limit.filter(record())


def test_invented_kinds_are_bounded() -> None:
    limit = KindLimit(Clock(), never)
    written = sum(limit.filter(record(f"kind {number}")) for number in range(MOST_KINDS + 10 * BURST))
    assert written == MOST_KINDS + BURST
    assert len(limit._buckets) == MOST_KINDS + 1


@pytest.mark.parametrize("form", ["json", "text"])
def test_what_was_left_out_is_counted_in_the_log(
    own_log: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr(kind_limit, "REPORT_SECONDS", 0.05)
    logs.configure_logs("info", form, "n1")
    log, written, flood = structlog.get_logger("pacing_node.api"), [], 5 * BURST
    for number in range(flood):
        log.warning("bad.request", number=number)

    def lines() -> list[str]:
        written.append(capsys.readouterr().out)
        return "".join(written).splitlines()

    def counted() -> int:
        return sum(int(found[1]) for line in lines() if LEFT_OUT in line and (found := LINES.search(line)))

    def told() -> int:
        return sum("bad.request" in line and LEFT_OUT not in line for line in lines())

    # All of them: a count that is written later would meet the log of another test.
    until_blocking(lambda: counted() + told() == flood)
    assert BURST <= told() < 2 * BURST
    assert all("n1" in line and "bad.request" in line for line in lines() if LEFT_OUT in line)


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_text_without_an_end_is_cut(own_log: None, capsys: pytest.CaptureFixture[str], form: str) -> None:
    logs.configure_logs("info", form, "n1")
    structlog.get_logger("pacing_node.api").warning("bad.request", name="x" * 4_000_000)
    logging.getLogger("kazoo").warning("bad %s", "y" * 4_000_000)
    written = capsys.readouterr().out
    assert len(written) < 10_000
    assert written.count("(4000000 characters)") == 1
    assert written.count("(4000004 characters)") == 1
