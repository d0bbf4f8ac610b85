"""What an application may do with a term."""

from __future__ import annotations

from cluster.election.term import HeldTerm
from cluster.mastership import EndCause


def term(lease_left: float, refusals: list | None = None) -> HeldTerm:
    told = refusals if refusals is not None else []
    return HeldTerm("cluster", 4, lambda _: 100.0 + lease_left, lambda *mark: told.append(mark), clock=lambda: 100.0)


def test_an_action_starts_only_with_a_lease_as_long_as_its_budget() -> None:
    assert term(lease_left=2.0).act_until(1.3) == 101.3
    assert term(lease_left=1.3).act_until(1.3) == 101.3
    assert term(lease_left=1.29).act_until(1.3) is None


def test_an_action_lasts_no_longer_than_the_session_that_was_granted_allows() -> None:
    shortened = HeldTerm(
        "cluster", 4, lambda _: 100.9, lambda *_: None, longest_seconds=lambda: 0.7, clock=lambda: 100.0
    )
    assert shortened.act_until(3.3) == 100.7


def test_tokens_count_from_one_and_carry_the_key_of_their_push() -> None:
    running = term(lease_left=2.0)
    first, second = running.next_token(), running.next_token()
    assert (first.sequence, second.sequence) == (1, 2)
    assert first < second
    assert first.idempotency_key == "cluster:4:1"


def test_an_ended_term_never_acts_and_keeps_its_first_cause() -> None:
    ended = term(lease_left=2.0)
    ended.end(EndCause.OPERATOR)
    ended.end(EndCause.LEASE_EXPIRED)
    assert ended.act_until(0.1) is None
    assert ended.cause is EndCause.OPERATOR


def test_a_refusal_is_told_once_the_term_has_not_ended() -> None:
    refusals: list = []
    running = term(2.0, refusals)
    running.fenced("cluster", 5, 1)
    running.end(EndCause.FENCED)
    running.fenced("cluster", 6, 1)
    assert refusals == [("cluster", 5, 1)]
