"""Access tokens: random texts that carry a role until they expire. Only their hashes are kept. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from dataclasses import asdict, dataclass, field
from typing import Any

from cluster.access.roles import ROLES_OF_PEOPLE, AccessRole
from cluster.outside_text import load_json, one_line, text_fault

SECRET_BYTES = 32
"""Random bytes of a token: too many to guess, which is why one round of SHA-256 is enough to keep it."""
ID_BYTES = 6
MOST_TOKENS = 1000
"""Most tokens of a cluster."""
MOST_NAME = 64
LONGEST_SECONDS = 366 * 86_400.0
"""Longest life of a token."""
_FORM = re.compile(r"pacing_([0-9a-f]{12})_([A-Za-z0-9_-]{43})", re.ASCII)
_NOBODY = hashlib.sha256(b"a token that nobody has").hexdigest()


class BadTokenError(Exception):
    """A token that is not accepted; the message says why and holds nothing of its secret."""


class DamagedTokensError(Exception):
    """The list of tokens cannot be read; the message says what of it."""


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What is kept of a token."""

    id: str
    """Twelve hexadecimal digits, a part of the token that is no secret."""
    name: str
    """Who, or what, it was made for."""
    role: AccessRole
    hash: str = field(repr=False)
    """SHA-256 of the whole token, hexadecimal."""
    created_at: float
    """Unix time in seconds."""
    expires_at: float
    """Unix time in seconds."""
    created_by: str = ""


def new_token(
    name: str, role: AccessRole, *, created_at: float, seconds: float, randomness: bytes, created_by: str = ""
) -> tuple[str, AccessToken]:
    """The text of a new token, which nobody can get again, and what is kept of it.

    ``randomness`` are ``ID_BYTES + SECRET_BYTES`` random bytes. Raises ValueError for a name, a role or a life in
    ``seconds`` that is not allowed.
    """
    if not name or (fault := text_fault(name, most=MOST_NAME)):
        message = f"name: found {fault if name else 'nothing'}; allowed: 1 to {MOST_NAME} characters that print"
        raise ValueError(message)
    if role not in ROLES_OF_PEOPLE:
        raise ValueError(f"role: found {role}, allowed: {', '.join(ROLES_OF_PEOPLE)}")
    if not 0.0 < seconds <= LONGEST_SECONDS:
        raise ValueError(f"life: found {seconds:g} s, allowed: above 0 and at most {LONGEST_SECONDS:g} s")
    number, secret = randomness[:ID_BYTES].hex(), randomness[ID_BYTES : ID_BYTES + SECRET_BYTES]
    text = f"pacing_{number}_{base64.urlsafe_b64encode(secret).rstrip(b'=').decode()}"
    token = AccessToken(number, name, role, hash_of(text), created_at, created_at + seconds, created_by)
    return text, token


def hash_of(text: str) -> str:
    """What is kept of a token's text."""
    return hashlib.sha256(text.encode()).hexdigest()


def is_token(text: str) -> bool:
    """Whether a text has the form of a token of this service."""
    return _FORM.fullmatch(text) is not None


class TokenBook:
    """The tokens of a cluster."""

    def __init__(self, tokens: tuple[AccessToken, ...] = ()) -> None:
        self.tokens = tokens
        self._by_id = {token.id: token for token in tokens}

    def check(self, text: str, now: float) -> AccessToken:
        """The token with this text that has not expired at ``now``, Unix time in seconds. Raises BadTokenError."""
        found = _FORM.fullmatch(text)
        token = self._by_id.get(found[1]) if found is not None else None
        # Compared in constant time, also where there is nothing to compare with.
        same = hmac.compare_digest(hash_of(text), token.hash if token is not None else _NOBODY)
        if token is None or not same:
            raise BadTokenError("an unknown token")
        if now >= token.expires_at:
            raise BadTokenError(f"the token {token.id} has expired")
        return token


@dataclass(frozen=True, slots=True)
class KeptTokens:
    """The document with the tokens of a cluster."""

    tokens: tuple[AccessToken, ...] = ()
    changed_by: str = ""
    """User and host of the command that wrote it."""


def encode_tokens(kept: KeptTokens) -> bytes:
    """The document as it is kept."""
    return json.dumps(asdict(kept), sort_keys=True).encode()


def decode_tokens(data: bytes) -> KeptTokens:
    """The document out of what is kept: all tokens or none. Raises DamagedTokensError."""
    try:
        content = load_json(data)
        entries, by = content["tokens"], str(content.get("changed_by", ""))
        if len(entries) > MOST_TOKENS:
            raise DamagedTokensError(f"found {len(entries)} tokens, allowed are {MOST_TOKENS}")
        return KeptTokens(tuple(_decode(entry) for entry in entries), one_line(by))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise DamagedTokensError("the list of tokens cannot be read") from error


def _decode(entry: dict[str, Any]) -> AccessToken:
    number, name, digest = entry["id"], entry["name"], entry["hash"]
    created_at, expires_at = float(entry["created_at"]), float(entry["expires_at"])
    role, by = AccessRole(entry["role"]), str(entry.get("created_by", ""))
    known = re.fullmatch(r"[0-9a-f]{12}", number) and re.fullmatch(r"[0-9a-f]{64}", digest)
    if not known or role not in ROLES_OF_PEOPLE or not 0.0 < created_at < expires_at < 1e11:
        raise ValueError("a token that this service has not written")
    if text_fault(name, most=MOST_NAME) or text_fault(by):
        raise ValueError("a name that does not print")
    return AccessToken(number, name, role, digest, created_at, expires_at, by)
