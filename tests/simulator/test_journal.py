"""The history of pushes and the check of it, which must find what a broken fence would let through."""

from __future__ import annotations

import pytest

from simulator.servers.engagement.journal import Journal, OrderCheck, PushRecord


def record(cluster: str | None, epoch: int, sequence: int, part: str = "1/1", **more: object) -> PushRecord:
    fields = {"index": 0, "received_at": 0.0, "client": "x", "accepted": True, "replayed": False, "reason": ""} | more
    return PushRecord(cluster_id=cluster, epoch=epoch, sequence=sequence, part=part, **fields)  # type: ignore[arg-type]


def partial(cluster: str, epoch: int, sequence: int, prev: int, **more: object) -> PushRecord:
    return record(cluster, epoch, sequence, kind="partial", prev=prev, **more)


@pytest.mark.parametrize(
    ("history", "violations"),
    [
        ([], 0),
        ([record("A", 1, 1), record("A", 1, 2), record("A", 3, 1)], 0),
        ([record("A", 1, 1, "2/2"), record("A", 1, 1, "1/2"), record("A", 1, 2)], 0),
        ([record("A", 1, 1), record("A", 1, 1, replayed=True)], 0),
        ([record("A", 2, 1), record("A", 1, 9, accepted=False)], 0),
        ([record("A", 2, 1), record("A", 1, 9)], 1),
        ([record("A", 1, 2), record("A", 1, 1)], 1),
        ([record("A", 1, 1), record("A", 1, 1)], 1),
        ([record("A", 1, 1, "1/2"), record("A", 1, 2, "1/2"), record("A", 1, 1, "2/2")], 1),
        ([record("A", 1, 1), record("B", 2, 1)], 1),
        ([record("A", 1, 1), record("B", 1, 1, client="y"), record("A", 1, 2)], 0),
        ([record("A", 2, 1), record("A", 1, 8), record("A", 1, 9), record("A", 2, 2)], 2),
        ([record(None, 1, 1)], 1),
        ([record("A", 1, 1), partial("A", 1, 2, 1), partial("A", 1, 3, 2), record("A", 1, 4)], 0),
        ([record("A", 1, 1, "1/2"), record("A", 1, 1, "2/2"), partial("A", 1, 2, 1)], 0),
        ([record("A", 1, 1, "1/2"), partial("A", 1, 2, 1)], 1),
        ([record("A", 1, 1), partial("A", 1, 3, 2)], 1),
        ([record("A", 1, 1), record("A", 1, 2), partial("A", 1, 3, 1)], 1),
        ([record("A", 1, 1), partial("A", 2, 2, 1)], 1),
        ([partial("A", 1, 2, 1)], 1),
        ([record("A", 1, 1, key="A:1:one:1"), partial("A", 1, 2, 1, key="A:1:other:2")], 1),
    ],
)
def test_the_check_counts_what_was_accepted_out_of_order(history: list[PushRecord], violations: int) -> None:
    check = OrderCheck()
    for each in history:
        check.see(each)
    assert check.violations == violations


def test_the_journal_counts_pushes_not_parts_and_numbers_its_records() -> None:
    journal = Journal()
    common = {"received_at": 1.0, "client": "x", "cluster_id": "A", "epoch": 1, "sequence": 1, "reason": ""}
    journal.record(part="1/2", accepted=True, replayed=False, **common)
    journal.record(part="2/2", accepted=True, replayed=False, complete=True, **common)
    journal.record(part="2/2", accepted=True, replayed=True, **common)
    journal.record(part="1/2", accepted=False, replayed=False, **common | {"reason": "stale_token"})
    assert (journal.pushes_accepted, journal.pushes_refused, journal.accepted_out_of_order) == (1, 1, 0)
    assert [entry["index"] for entry in journal.after(0)] == [1, 2, 3, 4]
    assert [entry["reason"] for entry in journal.after(3)] == ["stale_token"]
    assert journal.after(4) == journal.after(99) == []
