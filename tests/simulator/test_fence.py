"""The receiver's compare: every line of its table, replays, parts, and what it reads from headers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.servers.engagement.fence import PushToken, StreamFence, Verdict, read_token


def fence_at(cluster: str = "A", epoch: int = 5, sequence: int = 7, part: int = 1, parts: int = 1) -> StreamFence[str]:
    fence: StreamFence[str] = StreamFence()
    fence.store(PushToken(cluster, epoch, sequence, part, parts), f"answer {part}")
    return fence


@pytest.mark.parametrize(
    ("token", "verdict"),
    [
        (PushToken("A", 5, 8), Verdict.APPLY),
        (PushToken("A", 5, 70), Verdict.APPLY),
        (PushToken("A", 6, 1), Verdict.APPLY),
        (PushToken("A", 5, 7), Verdict.REPLAY),
        (PushToken("A", 5, 6), Verdict.STALE),
        (PushToken("A", 5, 0), Verdict.STALE),
        (PushToken("A", 4, 8), Verdict.STALE),
        (PushToken("A", 4, 7), Verdict.STALE),
        (PushToken("B", 5, 8), Verdict.FOREIGN),
        (PushToken("B", 9, 1), Verdict.FOREIGN),
        (PushToken("B", 5, 7), Verdict.FOREIGN),
        (PushToken("A", 5, 7, 1, 2), Verdict.MISMATCH),
    ],
)
def test_each_token_is_judged_by_the_mark(token: PushToken, verdict: Verdict) -> None:
    fence = fence_at()
    before = (fence.mark, dict(fence.answers))
    assert fence.judge(token) is verdict
    assert (fence.mark, fence.answers) == before, "judging changes nothing"


def test_the_same_place_in_another_term_is_no_repetition() -> None:
    fence: StreamFence[str] = StreamFence()
    headers = {"pacing-cluster-id": "A", "pacing-epoch": "5", "pacing-sequence": "7", "pacing-part": "1/2"}
    fence.store(read_token(headers | {"idempotency-key": "A:5:one:7:1"}), "answer 1")
    assert fence.judge(read_token(headers | {"idempotency-key": "A:5:one:7:1"})) is Verdict.REPLAY
    other_part = headers | {"pacing-part": "2/2", "idempotency-key": "A:5:one:7:2"}
    assert fence.judge(read_token(other_part)) is Verdict.APPLY
    for part, key in (("1/2", "A:5:other:7:1"), ("2/2", "A:5:other:7:2")):
        token = read_token(headers | {"pacing-part": part, "idempotency-key": key})
        assert fence.judge(token) is Verdict.STALE


def test_the_first_push_of_a_stream_claims_it() -> None:
    assert StreamFence[str]().judge(PushToken("any", 0, 0)) is Verdict.APPLY


def test_parts_of_a_push_are_applied_once_each_and_complete_it_together() -> None:
    fence = fence_at(part=2, parts=3)
    assert not fence.complete
    assert fence.judge(PushToken("A", 5, 7, 2, 3)) is Verdict.REPLAY
    for part in (3, 1):
        token = PushToken("A", 5, 7, part, 3)
        assert fence.judge(token) is Verdict.APPLY
        fence.store(token, f"answer {part}")
        assert fence.judge(token) is Verdict.REPLAY
    assert fence.complete
    assert fence.answers == {1: "answer 1", 2: "answer 2", 3: "answer 3"}


def test_a_newer_push_ends_an_incomplete_one() -> None:
    fence = fence_at(part=1, parts=2)
    fence.store(PushToken("A", 5, 8), "new")
    assert fence.judge(PushToken("A", 5, 7, 2, 2)) is Verdict.STALE
    assert fence.answers == {1: "new"}


def partial(prev: int, sequence: int, *, epoch: int = 5, term: str = "") -> PushToken:
    return PushToken("A", epoch, sequence, 1, 1, f"A:{epoch}:{term}:{sequence}" if term else "", prev)


def test_a_partial_push_is_applied_to_the_state_it_names_and_raises_the_mark() -> None:
    fence = fence_at()
    token = partial(7, 8)
    assert fence.judge(token) is Verdict.APPLY
    fence.store(token, "partial")
    assert (fence.judge(token), fence.answers) == (Verdict.REPLAY, {1: "partial"})
    assert fence.judge(partial(8, 9)) is Verdict.APPLY, "one changes what the other has left"
    assert fence.judge(PushToken("A", 5, 8)) is Verdict.MISMATCH, "the same place as a push of the other kind"


@pytest.mark.parametrize(
    ("token", "verdict"),
    [
        (partial(6, 8), Verdict.OUT_OF_STEP),
        (partial(8, 9), Verdict.OUT_OF_STEP),
        (partial(7, 8, epoch=6), Verdict.OUT_OF_STEP),
        (partial(6, 7), Verdict.MISMATCH),
        (partial(5, 6), Verdict.STALE),
        (partial(7, 9, epoch=4), Verdict.STALE),
        (PushToken("B", 5, 8, prev=7), Verdict.FOREIGN),
    ],
)
def test_a_partial_push_changes_no_other_state(token: PushToken, verdict: Verdict) -> None:
    fence = fence_at()
    before = (fence.mark, dict(fence.answers))
    assert fence.judge(token) is verdict
    assert (fence.mark, fence.answers) == before


def test_a_partial_push_comes_neither_first_nor_into_another_term_of_the_same_epoch() -> None:
    assert StreamFence[str]().judge(partial(1, 2)) is Verdict.OUT_OF_STEP
    fence: StreamFence[str] = StreamFence()
    fence.store(PushToken("A", 5, 7, key="A:5:one:7"), "")
    assert fence.judge(partial(7, 8, term="other")) is Verdict.OUT_OF_STEP
    assert fence.judge(partial(7, 8, term="one")) is Verdict.APPLY


def test_a_partial_push_waits_until_every_part_of_the_full_one_was_applied() -> None:
    fence = fence_at(part=2, parts=2)
    assert fence.judge(partial(7, 8)) is Verdict.OUT_OF_STEP
    fence.store(PushToken("A", 5, 7, 1, 2), "")
    assert fence.judge(partial(7, 8)) is Verdict.APPLY


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 6), st.integers(1, 2), st.integers(0, 5)), max_size=60))
def test_a_partial_push_always_changes_the_state_it_names(requests: list[tuple[int, int, int, int]]) -> None:
    """Whatever arrives when: a full push has two parts, a partial one names what its sender believes."""
    fence: StreamFence[str] = StreamFence()
    state: tuple[int, int] | None = None
    parts: set[int] = set()
    for epoch, sequence, part, prev in requests:
        full = prev == 0 or prev >= sequence
        token = PushToken("A", epoch, sequence, part, 2) if full else partial(prev, sequence, epoch=epoch)
        if fence.judge(token) is not Verdict.APPLY:
            continue
        if not full:
            assert (state, parts) == ((epoch, prev), {1, 2})
        parts = parts | {part} if state == (epoch, sequence) and full else {part} if full else {1, 2}
        state = epoch, sequence
        fence.store(token, "")


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(1, 3)), max_size=60))
def test_what_is_applied_never_goes_back(requests: list[tuple[int, int, int]]) -> None:
    fence: StreamFence[str] = StreamFence()
    applied: list[PushToken] = []
    for epoch, sequence, part in requests:
        token = PushToken("A", epoch, sequence, part, 3)
        if fence.judge(token) is Verdict.APPLY:
            fence.store(token, "")
            applied.append(token)
    orders = [token.order for token in applied]
    assert orders == sorted(orders)
    assert len(set(applied)) == len(applied)


def test_a_token_is_read_from_headers() -> None:
    headers = {"pacing-cluster-id": "A", "pacing-epoch": "12", "pacing-sequence": "3", "pacing-part": "2/4"}
    assert read_token(headers) == PushToken("A", 12, 3, 2, 4)
    del headers["pacing-part"]
    assert read_token(headers) == PushToken("A", 12, 3, 1, 1)


def test_a_partial_push_says_so_in_its_headers() -> None:
    headers = {"pacing-cluster-id": "A", "pacing-epoch": "12", "pacing-sequence": "3"}
    assert read_token(headers | {"pacing-kind": "full"}).prev is None
    assert read_token(headers | {"pacing-kind": "partial", "pacing-prev": "2"}).prev == 2


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"pacing-kind": "some"}, "Pacing-Kind"),
        ({"pacing-kind": "partial"}, "Pacing-Prev"),
        ({"pacing-prev": "2"}, "Pacing-Prev"),
        ({"pacing-kind": "partial", "pacing-prev": "3"}, "Pacing-Prev"),
        ({"pacing-kind": "partial", "pacing-prev": "0"}, "Pacing-Prev"),
        ({"pacing-kind": "partial", "pacing-prev": "x"}, "Pacing-Prev"),
        ({"pacing-kind": "partial", "pacing-prev": "2", "pacing-part": "1/2"}, "Pacing-Part"),
    ],
)
def test_a_malformed_kind_is_refused_by_name(changed: dict[str, str], named: str) -> None:
    headers = {"pacing-cluster-id": "A", "pacing-epoch": "12", "pacing-sequence": "3"}
    with pytest.raises(ValueError, match=named):
        read_token(headers | changed)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pacing-cluster-id", ""),
        ("pacing-epoch", "x"),
        ("pacing-epoch", "-1"),
        ("pacing-epoch", "1.0"),
        ("pacing-epoch", "٣"),
        ("pacing-sequence", ""),
        ("pacing-sequence", "9" * 30),
        ("pacing-part", "0/1"),
        ("pacing-part", "3/2"),
        ("pacing-part", "1"),
    ],
)
def test_a_malformed_token_is_refused_by_name(name: str, value: str) -> None:
    headers = {"pacing-cluster-id": "A", "pacing-epoch": "12", "pacing-sequence": "3", "pacing-part": "1/1"}
    with pytest.raises(ValueError, match=r"(?i)" + name):
        read_token(headers | {name: value})
