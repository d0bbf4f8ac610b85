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
