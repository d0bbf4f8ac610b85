"""The gap before a term: told by who knows when the term before ended, whichever word arrives first."""

from __future__ import annotations

from cluster.records import HistoryEntry
from cluster.zookeeper.history import decode_entry, encode_entry, with_gap


def term(epoch: int, began_at: float, ended_at: float | None, cause: str | None) -> HistoryEntry:
    return HistoryEntry(epoch, f"node-{epoch}", began_at, None, ended_at, cause, None)


def test_the_gap_is_the_time_from_the_end_of_the_term_before():
    assert with_gap(term(2, 103.5, None, None), term(1, 90.0, 103.0, "resigned")).gap_seconds == 0.5


def test_clocks_that_disagree_give_no_negative_gap():
    assert with_gap(term(2, 102.9, None, None), term(1, 90.0, 103.0, "resigned")).gap_seconds == 0.0


def test_the_first_term_has_no_gap():
    assert with_gap(term(1, 90.0, None, None), None).gap_seconds is None


def test_a_term_whose_end_nobody_told_leaves_the_gap_unknown():
    entry = term(2, 103.0, None, None)
    assert with_gap(entry, term(1, 90.0, None, None)).gap_seconds is None
    assert with_gap(entry, term(1, 90.0, 103.0, "session_lost")).gap_seconds is None


def test_a_master_that_tells_its_lost_session_itself_makes_the_gap_known():
    entry = term(2, 103.0, None, None)
    assert with_gap(entry, term(1, 90.0, 101.0, "session_lost")).gap_seconds == 2.0


def test_what_is_kept_is_what_was_written_but_the_gap():
    entry = term(7, 103.0, 110.0, "fenced")
    assert decode_entry(encode_entry(with_gap(entry, term(6, 90.0, 101.0, "resigned")))) == entry


def test_an_entry_that_cannot_be_read_is_no_entry():
    for damaged in (b"", b"[]", b"{}", b"\xff", b'{"epoch": "x", "node": 1, "began_at": 2}'):
        assert decode_entry(damaged) is None
