"""A report survives the way to a standby, and what is not a report is refused."""

from __future__ import annotations

import dataclasses
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pacing_node.algorithms.explanation import explain
from pacing_node.algorithms.model import Rounding
from pacing_node.api.target_pages import explained_row
from pacing_node.cycle.latest_report import LatestReport
from pacing_node.cycle.report import decode, encode, with_alarms
from pacing_node.rpc.cycle_pb2 import CycleRecord
from tests.support.cycle_parts import report


def same(left: object, right: object) -> bool:
    if dataclasses.is_dataclass(left):
        fields = [field.name for field in dataclasses.fields(left)]
        return type(left) is type(right) and all(same(getattr(left, name), getattr(right, name)) for name in fields)
    if isinstance(left, np.ndarray):
        return np.array_equal(left, right, equal_nan=left.dtype.kind == "f")
    return left == right


@given(st.integers(0, 30).flatmap(lambda n: st.tuples(st.just(n), arrays(np.float64, n), arrays(np.int64, n))))
def test_encoding_and_decoding_changes_nothing(case: tuple[int, np.ndarray, np.ndarray]) -> None:
    count, floats, integers = case
    names = tuple(f"target {i}" for i in range(count))
    sent = report(*names, ready=floats, invitations=integers, learned_state=b"\x00state", push_error="späť")
    assert same(decode(encode(sent)), sent)


ADDED = {
    "level": np.array([6.5, 0.0]),
    "still_out": np.array([3.0, 0.25]),
    "acceptance_seen": np.array([0.5, 0.125]),
    "acceptance_floor": np.array([0.25, 0.0]),
    "rounding": np.array([Rounding.NEAREST, Rounding.ONE_PER_FREE]),
}
"""Columns that masters of older versions do not send; numbers that 32 bits hold exactly."""


def test_what_stood_between_the_sum_and_the_number_reaches_the_standbys() -> None:
    sent = report("a", "b", **ADDED)
    read = decode(encode(sent))
    assert same(read, sent)
    assert {name: read.column(name).tolist() for name in ADDED if name != "rounding"} == {
        name: column.tolist() for name, column in ADDED.items() if name != "rounding"
    }
    assert read.result.rounding.tolist() == ADDED["rounding"].tolist()


@pytest.mark.parametrize("alarms", [b'[{"condition":"x"}]', b""])
def test_a_record_is_given_other_alarms_without_being_made_anew(alarms: bytes) -> None:
    sent = report("a", "b", alarms=b"[]", **ADDED)
    read = decode(with_alarms(encode(sent), alarms))
    assert read.alarms == alarms
    assert same(replace(read, alarms=b"[]"), sent)


def test_a_record_of_an_older_master_is_read_and_lacks_what_it_did_not_send() -> None:
    record = CycleRecord()
    record.ParseFromString(encode(report("a", "b", **ADDED)))
    for name in ADDED:
        record.ClearField(name)
    read = decode(record.SerializeToString())
    assert np.isnan(read.column("level")).tolist() == [True, True]
    assert len(read.result.rounding) == 0
    assert "older version" in " ".join(explain(explained_row(read, 1, 3.0)))


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_or_read_but_never_break_the_follower(body: bytes) -> None:
    try:
        read = decode(body)
    except ValueError as error:
        refusal = str(error)
    else:
        refusal = "" if len(read.snapshot) == len(read.targets) else "columns differ"
    assert refusal == "" or "pacing.v1.CycleRecord" in refusal


@pytest.mark.parametrize("column", ["ready", "invitations", "patience_seconds", *ADDED])
def test_a_record_with_a_column_too_short_is_refused_by_name(column: str) -> None:
    record = CycleRecord()
    record.ParseFromString(encode(report("a", "b", **ADDED)))
    del getattr(record, column)[-1]
    with pytest.raises(ValueError, match=f"column {column} has 1 rows, expected 2"):
        decode(record.SerializeToString())


def test_the_report_that_came_last_is_shown_whatever_its_epoch_for_epochs_can_begin_again() -> None:
    latest_report = LatestReport()
    assert latest_report.age_seconds(10.0) == float("inf")
    latest_report.post(report("a", epoch=7, calculated_at=50.0), 10.0)
    latest_report.post(report("a", epoch=1, calculated_at=49.0), 12.0)
    assert latest_report.report is not None
    assert latest_report.report.epoch == 1
    assert latest_report.age_seconds(15.0) == 3.0


def test_a_push_in_flight_is_resumed_from_but_not_shown() -> None:
    latest_report = LatestReport()
    latest_report.post(report("a", calculated_at=50.0), 10.0)
    in_flight = report("a", calculated_at=55.0, in_flight=True)
    latest_report.announce(in_flight)
    assert latest_report.newest is in_flight
    assert latest_report.report is not None
    assert latest_report.report.calculated_at == 50.0
    latest_report.post(report("a", calculated_at=55.0), 11.0)
    assert latest_report.newest is latest_report.report
