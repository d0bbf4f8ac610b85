"""A signature is good for one call at one member, once, and for a short time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.access import signed_calls
from cluster.access.signed_calls import (
    WINDOW_SECONDS,
    BadSignatureError,
    CallSubject,
    ClusterSecret,
    SignedCalls,
    sign,
)
from cluster.errors import SettingsError

SECRET = ClusterSecret.parse("a secret of the cluster that is long enough")
OTHER = ClusterSecret.parse("another secret, which is long enough as well")
SUBJECT = CallSubject("pacing", "node1:7800", "StepDown", b"the message")
NOW = 1_700_000_000.0

texts = st.text(min_size=0, max_size=20).filter(lambda text: text.isprintable())


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def calls(secret: ClusterSecret = SECRET, began_at: float = NOW - 1000.0, clock: Clock | None = None) -> SignedCalls:
    return SignedCalls(secret, began_at, clock or Clock())


def signed(at: float = NOW, nonce: bytes = bytes(16), subject: CallSubject = SUBJECT) -> str:
    return sign(SECRET, subject, "node-2", at, nonce)


def test_a_signed_call_tells_who_calls() -> None:
    assert calls().check(signed(), SUBJECT, NOW) == "node-2"


@given(nonce=st.binary(min_size=16, max_size=16), body=st.binary(max_size=200), at=st.floats(-29.0, 29.0))
def test_every_call_signed_within_the_window_is_taken_once(nonce: bytes, body: bytes, at: float) -> None:
    subject, checked = replace(SUBJECT, body=body), calls()
    header = sign(SECRET, subject, "node-2", NOW + at, nonce)
    assert checked.check(header, subject, NOW) == "node-2"
    with pytest.raises(BadSignatureError, match="nonce"):
        checked.check(header, subject, NOW + 0.5)


@given(part=st.sampled_from(["cluster", "addressee", "call", "body"]), value=texts)
def test_a_signature_is_good_for_nothing_but_what_was_signed(part: str, value: str) -> None:
    """One part at a time: each of them is signed."""
    other = replace(SUBJECT, **{part: value.encode() if part == "body" else value})
    if other == SUBJECT:
        return
    with pytest.raises(BadSignatureError, match="wrong signature"):
        calls().check(signed(), other, NOW)


@given(parts=st.lists(st.text("ab", max_size=3), min_size=3, max_size=3), cut=st.integers(0, 9))
def test_no_two_subjects_are_signed_alike_however_their_parts_are_cut(parts: list[str], cut: int) -> None:
    first, joined = CallSubject(*parts, b""), "".join(parts)
    second = CallSubject(joined[:cut], joined[cut:], "", b"")
    if first == second:
        return
    assert sign(SECRET, first, "a", NOW, bytes(16)) != sign(SECRET, second, "a", NOW, bytes(16))


@given(place=st.integers(0, 200), digit=st.sampled_from("0123456789abcdefgz "))
def test_a_header_with_any_character_changed_is_refused(place: int, digit: str) -> None:
    header = signed()
    place %= len(header)
    changed = header[:place] + digit + header[place + 1 :]
    if changed == header:
        return
    with pytest.raises(BadSignatureError):
        calls().check(changed, SUBJECT, NOW)


@given(header=st.text(max_size=300))
def test_no_header_makes_the_check_fail_otherwise_than_by_its_own_error(header: str) -> None:
    with pytest.raises(BadSignatureError):
        calls().check(header, SUBJECT, NOW)


def test_another_secret_is_refused() -> None:
    with pytest.raises(BadSignatureError, match="another secret"):
        calls(OTHER).check(signed(), SUBJECT, NOW)


@pytest.mark.parametrize("seconds", [-3600.0, -WINDOW_SECONDS - 1.0, WINDOW_SECONDS + 1.0, 3600.0])
def test_a_call_from_outside_of_the_window_is_refused(seconds: float) -> None:
    with pytest.raises(
        BadSignatureError, match=f"{abs(seconds):.1f} s {'ago' if seconds < 0 else 'ahead'} by the clocks of both sides"
    ):
        calls(began_at=0.0).check(signed(NOW + seconds), SUBJECT, NOW)


def test_a_call_of_the_time_before_the_process_is_refused_for_its_nonce_may_be_forgotten() -> None:
    with pytest.raises(BadSignatureError, match="before this node began"):
        calls(began_at=NOW).check(signed(NOW - 1.0), SUBJECT, NOW)


def test_a_node_whose_clock_was_set_back_takes_its_members_calls_again_after_a_minute() -> None:
    clock = Clock()
    checked, an_hour_back = calls(began_at=NOW, clock=clock), NOW - 3600.0
    with pytest.raises(BadSignatureError, match="before this node began"):
        checked.check(signed(an_hour_back), SUBJECT, an_hour_back)
    clock.now = 2 * WINDOW_SECONDS
    assert checked.check(signed(an_hour_back), SUBJECT, an_hour_back)


@given(steps=st.lists(st.floats(0.0, 3 * WINDOW_SECONDS), max_size=12), early=st.floats(-29.0, 29.0))
def test_a_call_is_never_taken_twice_however_long_somebody_waits(steps: list[float], early: float) -> None:
    clock = Clock()
    checked, header = calls(began_at=0.0, clock=clock), signed(NOW + early)
    checked.check(header, SUBJECT, NOW)
    for number, step in enumerate(steps, 1):
        clock.now += step
        # Other calls come in between, which is when nonces are forgotten.
        checked.check(signed(NOW + clock.now, number.to_bytes(16, "big")), SUBJECT, NOW + clock.now)
        with pytest.raises(BadSignatureError):
            checked.check(header, SUBJECT, NOW + clock.now)


@given(jumps=st.lists(st.floats(-10_000.0, 10_000.0), max_size=6))
def test_a_clock_that_is_set_lets_no_call_in_twice(jumps: list[float]) -> None:
    checked, header = calls(began_at=0.0), signed()
    checked.check(header, SUBJECT, NOW)
    for number, jump in enumerate(jumps, 1):
        checked.check(signed(NOW + jump, number.to_bytes(16, "big")), SUBJECT, NOW + jump)
        with pytest.raises(BadSignatureError):
            checked.check(header, SUBJECT, NOW)


def test_what_is_remembered_is_bounded_and_beyond_it_calls_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signed_calls, "MOST_NONCES", 10)
    clock = Clock()
    checked = calls(clock=clock)

    def check(number: int) -> str:
        at = NOW + clock.now
        return checked.check(signed(at, number.to_bytes(16, "big")), SUBJECT, at)

    for number in range(10):
        check(number)
    with pytest.raises(BadSignatureError, match="more than 10 calls"):
        check(10)
    clock.now = 4 * WINDOW_SECONDS
    assert check(11)


def test_wrong_signatures_take_no_room() -> None:
    checked = calls(OTHER)
    for number in range(100):
        with pytest.raises(BadSignatureError):
            checked.check(signed(nonce=number.to_bytes(16, "big")), SUBJECT, NOW)
    assert not checked._nonces


def test_while_a_secret_is_replaced_both_are_accepted_and_the_first_one_signs() -> None:
    both = ClusterSecret((*OTHER.values, *SECRET.values))
    checked = calls(both)
    assert checked.check(signed(), SUBJECT, NOW)
    assert checked.check(sign(both, SUBJECT, "node-3", NOW, b"3" * 16), SUBJECT, NOW) == "node-3"
    assert calls(OTHER).check(sign(both, SUBJECT, "node-3", NOW, b"3" * 16), SUBJECT, NOW) == "node-3"


@pytest.mark.parametrize("text", ["", "short", "\n\n", "long enough for a secret of this cluster\nshort"])
def test_a_short_secret_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(SettingsError, match="cluster secret: found") as refused:
        ClusterSecret.parse(text)
    assert "long enough" not in str(refused.value)


def test_a_secret_does_not_show_itself() -> None:
    assert "long enough" not in repr(SECRET)
