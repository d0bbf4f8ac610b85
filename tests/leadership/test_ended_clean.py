"""A term says with its release whether anything of it may still be under way, and its successor can rely on it."""

from __future__ import annotations

import time

import pytest

from cluster.member import ClusterMember
from cluster.zookeeper import paths
from simulator.harness.zookeeper import Ensemble
from tests.leadership.conftest import Members, order_step_down
from tests.support.fault_proxy import FaultProxy
from tests.support.waiting import until


async def able() -> None:
    return None


async def hand_over(old: ClusterMember, new: ClusterMember) -> None:
    """Named: two hand-overs in a row would else be a race of two nodes that both cool down."""
    await order_step_down(old, "an operator", new.info.name)
    await until(lambda: new.mastership.term is not None, "the successor is master")


def after_clean_end(member: ClusterMember) -> bool:
    term = member.mastership.term
    assert term is not None
    return term.after_clean_end


@pytest.mark.ensemble
async def test_the_successor_is_told_of_the_term_before_it_and_of_no_other(members: Members) -> None:
    quiet: dict[int, bool] = {1: True, 2: False, 3: True, 4: True}
    asked: list[int] = []

    def ended_clean(epoch: int) -> bool:
        asked.append(epoch)
        return quiet[epoch]

    a = await members.join("a", ended_clean=ended_clean, why_unable=able)
    await a.mastership.wait_for_term()
    b = await members.join("b", ended_clean=ended_clean, why_unable=able)
    await until(lambda: b.status().master == "a" and len(a.members()) == len(b.members()) == 2)
    assert not after_clean_end(a), "nobody knows what was before the first term"
    for old, new, told in ((a, b, True), (b, a, False), (a, b, True)):
        await hand_over(old, new)
        assert after_clean_end(new) is told
    assert asked == [1, 2, 3]


@pytest.mark.ensemble
async def test_it_stands_in_the_transaction_that_releases_beside_the_name_of_the_successor(members: Members) -> None:
    a, b = [await members.join(name, ended_clean=lambda _: True, why_unable=able) for name in ("a", "b")]
    master = await members.master()
    other = b if master is a else a
    await until(lambda: len(a.members()) == len(b.members()) == 2)
    other.mastership.set_candidate(candidate=False)
    await master.step_down("an operator", other.info.name)
    data, _ = await master.mastership._session.get(master.mastership._transactions._paths.epoch)
    assert data.startswith(f"1 {master.info.name} {other.info.name} ended_clean action=".encode())


@pytest.mark.ensemble
@pytest.mark.parametrize("supervised", [True, False])
async def test_a_term_that_did_not_end_in_order_never_says_so(
    members: Members, ensemble: Ensemble, supervised: bool
) -> None:
    """It is released by a supervisor, or its session ends while it is cut off."""
    port = ensemble.members[0].client_port
    place = f"ended_clean-{time.monotonic_ns()}"
    async with FaultProxy("127.0.0.1", port) as proxy:
        options = {"ended_clean": lambda _: True, "why_unable": able, "session_timeout_seconds": 4.0}
        a = await members.join("a", hosts=f"127.0.0.1:{port}/{place}", **options)
        await a.mastership.wait_for_term()
        b = await members.join("b", hosts=f"127.0.0.1:{proxy.port}/{place}", **options)
        await until(lambda: b.status().master == "a" and len(a.members()) == len(b.members()) == 2)
        await hand_over(a, b)  # so that the term before the one that ends badly was ended_clean
        assert after_clean_end(b)
        term = b.mastership.term
        if supervised:
            b.mastership.set_candidate(candidate=False)
            claim = b.mastership._machine.claim
            assert claim is not None
            assert await a.mastership._transactions.release_of_dead(claim)
        else:
            proxy.silent = True
        await until(lambda: a.mastership.term is not None)
        assert term.epoch == 2
        assert a.status().epoch == 3
        assert not after_clean_end(a)
        proxy.silent = False
        await members.leave(b)


@pytest.mark.ensemble
async def test_the_successor_knows_how_long_an_action_of_earlier_terms_can_last(members: Members) -> None:
    """The longest budget of the terms that did not end clean, not its own; and nothing after a clean end."""
    clean = False
    options = {"ended_clean": lambda _: clean, "why_unable": able}
    a = await members.join("a", action_budget_seconds=0.6, **options)
    await members.master()
    b = await members.join("b", action_budget_seconds=0.3, **options)
    await until(lambda: b.status().master == "a" and len(a.members()) == len(b.members()) == 2)
    for old, new in ((a, b), (b, a)):
        await hand_over(old, new)
        assert new.mastership.term.previous_action_seconds == 0.6
    clean = True
    await hand_over(a, b)
    assert b.mastership.term.previous_action_seconds == 0.0
    clean = False
    await hand_over(b, a)
    assert a.mastership.term.previous_action_seconds == 0.3


@pytest.mark.parametrize(
    ("data", "seconds"),
    [
        (b"7 a", 0.0),
        (b"7 a action=1.2", 1.2),
        (b"7 a c ended_clean action=1.2", 1.2),
        (b"7 a action=x", 0.0),
        (b"7 a action=1e999", 0.0),
        (b"7 a action=nan", 0.0),
        (b"7 a action=-1", 0.0),
        (b"", 0.0),
    ],
)
def test_the_longest_action_is_the_last_word_beside_the_epoch(data: bytes, seconds: float) -> None:
    assert paths.decode_action_seconds(data) == seconds
    if seconds:
        successor, ended_clean = paths.decode_successor(data), paths.decode_ended_clean(data)
        assert paths.encode_epoch(7, "a", successor, ended_clean=ended_clean, action_seconds=1.2) == data


@pytest.mark.parametrize(
    ("data", "successor", "ended_clean"),
    [
        (b"7 a", "", False),
        (b"7 a c", "c", False),
        (b"7 a  ended_clean", "", True),
        (b"7 a c ended_clean", "c", True),
        (b"7 a ended_clean", "ended_clean", False),
        (b"7 a c other", "", False),
    ],
)
def test_what_stands_beside_the_epoch(data: bytes, successor: str, ended_clean: bool) -> None:
    assert (paths.decode_successor(data), paths.decode_ended_clean(data)) == (successor, ended_clean)
    if b"other" not in data:
        assert paths.encode_epoch(7, "a", successor, ended_clean=ended_clean) == data
