"""The record of pushes: what is counted, what is out of order, what a hand-over is and how long its gap."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from simulator.harness.push_audit import PushAudit
from simulator.harness.push_record import Push


def push(index, epoch, sequence, *, at=None, accepted=True, replayed=False, part="1/1"):
    at = float(index) if at is None else at
    return Push(index, at, "c", epoch, sequence, part, accepted, replayed)


def audit_of(*pushes):
    audit = PushAudit()
    audit.add(pushes)
    return audit


def test_pushes_of_one_term_are_counted_and_make_no_hand_over():
    audit = audit_of(push(1, 1, 1), push(2, 1, 2), push(3, 1, 3, accepted=False))
    assert (audit.accepted, audit.refused, audit.cycles, audit.out_of_order, audit.changes) == (2, 1, 3, 0, [])
    assert audit.last_index == 3


def test_the_gap_of_a_hand_over_lies_between_accepted_pushes_of_two_terms():
    audit = audit_of(
        push(1, 1, 1, at=10.0),
        push(2, 1, 2, at=11.0, accepted=False),
        push(3, 2, 1, at=14.0, accepted=False),
        push(4, 2, 2, at=14.5),
        push(5, 2, 3, at=15.5),
    )
    [change] = audit.changes
    assert (change.old_epoch, change.epoch, change.gap_seconds) == (1, 2, 4.5)


def test_only_new_hand_overs_are_returned():
    audit = PushAudit()
    assert audit.add([push(1, 1, 1)]) == []
    assert [change.epoch for change in audit.add([push(2, 2, 1), push(3, 5, 1)])] == [2, 5]
    assert [change.epoch for change in audit.add([push(4, 6, 1)])] == [6]


def test_an_accepted_push_of_an_old_term_is_out_of_order_and_no_hand_over_back():
    audit = audit_of(push(1, 1, 1), push(2, 2, 1), push(3, 1, 2), push(4, 2, 2))
    assert audit.out_of_order == 1
    assert [change.epoch for change in audit.changes] == [2]


def test_an_accepted_late_push_of_the_same_term_is_out_of_order():
    assert audit_of(push(1, 1, 2), push(2, 1, 1)).out_of_order == 1


def test_partial_pushes_are_no_cycles_and_one_out_of_step_is_no_refusal():
    some = [replace(push(index, 1, index), kind="partial", prev=index - 1) for index in (2, 3)]
    late = replace(push(4, 1, 5, accepted=False), kind="partial", prev=4, reason="out_of_step")
    audit = audit_of(push(1, 1, 1), *some, late, push(5, 1, 6))
    assert (audit.cycles, audit.accepted, audit.partials) == (2, 4, 2)
    assert (audit.refused, audit.out_of_order) == (0, 0)


def test_a_partial_push_on_another_state_counts_as_out_of_order():
    assert audit_of(push(1, 1, 1), replace(push(2, 1, 3), kind="partial", prev=2)).out_of_order == 1


def test_parts_of_one_push_share_a_token_and_a_replay_counts_nothing():
    audit = audit_of(push(1, 1, 1, part="1/2"), push(2, 1, 1, part="2/2"), push(3, 1, 1, replayed=True), push(4, 1, 2))
    assert (audit.cycles, audit.accepted, audit.out_of_order) == (2, 3, 0)


def test_a_refused_late_push_is_not_out_of_order():
    audit = audit_of(push(1, 2, 5), push(2, 1, 9, accepted=False))
    assert (audit.out_of_order, audit.refused) == (0, 1)


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 6), st.booleans()), max_size=40))
def test_the_order_is_judged_as_by_comparing_with_everything_before(tokens):
    pushes = [push(i, epoch, seq, accepted=ok) for i, (epoch, seq, ok) in enumerate(tokens, start=1)]
    accepted = [(epoch, seq) for epoch, seq, ok in tokens if ok]
    late = sum(1 for i, token in enumerate(accepted) if any(token <= earlier for earlier in accepted[:i]))
    assert audit_of(*pushes).out_of_order == late


def test_reading_the_record_in_pieces_gives_the_same_figures():
    pushes = [push(1, 1, 1), push(2, 1, 2), push(3, 3, 1), push(4, 2, 9), push(5, 3, 2, accepted=False)]
    whole, pieces = audit_of(*pushes), PushAudit()
    for each in pushes:
        pieces.add([each])
    assert vars(whole) == vars(pieces)


def test_a_push_without_a_token_is_read_as_epoch_zero():
    wire = {"index": 7, "received_at": 1.5, "cluster_id": None, "epoch": None, "sequence": None, "accepted": False}
    assert Push.from_wire(wire) == Push(7, 1.5, "", 0, 0, "1/1", accepted=False, replayed=False)
