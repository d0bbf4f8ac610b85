"""Tokens: made once, known by their hashes, refused when wrong or expired."""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.access.roles import AccessRole
from cluster.access.tokens import (
    LONGEST_SECONDS,
    AccessToken,
    BadTokenError,
    DamagedTokensError,
    KeptTokens,
    TokenBook,
    decode_tokens,
    encode_tokens,
    is_token,
    new_token,
)

NOW = 1_700_000_000.0


def made(name: str = "ops", role: AccessRole = AccessRole.OPERATOR, seconds: float = 60.0) -> tuple[str, AccessToken]:
    return new_token(name, role, created_at=NOW, seconds=seconds, randomness=os.urandom(38), created_by="root@host")


def test_a_token_is_known_by_its_hash_alone() -> None:
    text, token = made()
    secret = text.rpartition("_")[2]
    assert is_token(text)
    assert secret not in repr(token)
    assert secret.encode() not in encode_tokens(KeptTokens((token,)))
    assert TokenBook(decode_tokens(encode_tokens(KeptTokens((token,)))).tokens).check(text, NOW) == token


@given(randomness=st.binary(min_size=38, max_size=38))
def test_every_token_that_can_be_made_is_recognized(randomness: bytes) -> None:
    text, token = new_token("x", AccessRole.VIEWER, created_at=NOW, seconds=1.0, randomness=randomness)
    assert is_token(text)
    assert TokenBook((token,)).check(text, NOW + 0.5) is token


@given(place=st.integers(0, 100), character=st.sampled_from("0123456789abcdefABC_-"))
def test_a_token_with_any_character_changed_is_unknown(place: int, character: str) -> None:
    text, token = made()
    place %= len(text)
    changed = text[:place] + character + text[place + 1 :]
    if changed == text:
        return
    with pytest.raises(BadTokenError, match="unknown"):
        TokenBook((token,)).check(changed, NOW)


@given(text=st.text(max_size=200))
def test_no_text_makes_the_check_fail_otherwise_than_by_its_own_error(text: str) -> None:
    with pytest.raises(BadTokenError):
        TokenBook((made()[1],)).check(text, NOW)


def test_an_expired_token_is_refused_by_its_id() -> None:
    text, token = made(seconds=60.0)
    book = TokenBook((token,))
    assert book.check(text, NOW + 59.9)
    with pytest.raises(BadTokenError, match=f"{token.id} has expired"):
        book.check(text, NOW + 60.0)


def test_a_revoked_token_is_unknown() -> None:
    text, _ = made()
    with pytest.raises(BadTokenError, match="unknown"):
        TokenBook().check(text, NOW)


@pytest.mark.parametrize(
    ("name", "role", "seconds", "said"),
    [
        ("", AccessRole.VIEWER, 60.0, "name"),
        ("a\x1bb", AccessRole.VIEWER, 60.0, "name"),
        ("x" * 65, AccessRole.VIEWER, 60.0, "name"),
        ("x", AccessRole.MEMBER, 60.0, "role"),
        ("x", AccessRole.VIEWER, 0.0, "life"),
        ("x", AccessRole.VIEWER, float("inf"), "life"),
        ("x", AccessRole.VIEWER, float("nan"), "life"),
        ("x", AccessRole.VIEWER, LONGEST_SECONDS + 1, "life"),
    ],
)
def test_what_a_token_cannot_be_is_refused(name: str, role: AccessRole, seconds: float, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        made(name, role, seconds)


def _entry(**changes: object) -> bytes:
    entry = json.loads(encode_tokens(KeptTokens((made()[1],))))["tokens"][0]
    return json.dumps({"tokens": [entry | changes]}).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"tokens": 3}',
        b'{"tokens": [3]}',
        b"[" * 100_000,
        _entry(role="member"),
        _entry(role="root"),
        _entry(hash="x"),
        _entry(id="../../etc"),
        _entry(expires_at=float("inf")),
        _entry(expires_at=0.0),
        _entry(expires_at=10**400),
        _entry(name="a\nb"),
        _entry(created_at="soon"),
    ],
)
def test_a_damaged_list_is_refused_whole(data: bytes) -> None:
    with pytest.raises(DamagedTokensError):
        decode_tokens(data)
