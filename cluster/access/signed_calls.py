"""Calls signed with the secret that all members share: an HMAC over the call, its body, the time and a nonce. Pure.

A signature is good for one call, at one member, within :data:`WINDOW_SECONDS` of the caller's clock: the address of the
member is signed too, each nonce counts once, and a member takes nothing that was signed before it began to run, for it
cannot know what its process before has seen.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cluster.errors import SettingsError

if TYPE_CHECKING:
    from cluster.clock import Clock

HEADER = "x-pacing-signature"
"""Metadata of a call: ``v1 <caller> <milliseconds> <nonce> <signature>``."""
WINDOW_SECONDS = 30.0
"""Largest difference between the clocks of caller and member, the way of the call included."""
MOST_NONCES = 100_000
"""Most nonces of one window that are remembered; beyond it calls are refused. Only good signatures are remembered."""
LEAST_SECRET = 32
"""Fewest characters of a secret."""
MOST_SECRETS = 3
"""Most secrets that hold at once, while one replaces the other."""
NONCE_BYTES = 16
_VERSION = "v1"
_FORM = re.compile(r"v1 ([A-Za-z0-9._-]{1,64}) ([0-9]{1,16}) ([0-9a-f]{32}) ([0-9a-f]{64})", re.ASCII)


class BadSignatureError(Exception):
    """A signed call that is not to be carried out; the message says why and holds nothing secret."""


@dataclass(frozen=True, slots=True)
class ClusterSecret:
    """The secret members prove themselves by. Raises SettingsError for one that is too short."""

    values: tuple[bytes, ...] = field(repr=False)
    """The first one signs, each of them is accepted."""

    def __post_init__(self) -> None:
        if not 1 <= len(self.values) <= MOST_SECRETS:
            message = f"cluster secret: found {len(self.values)} secrets, allowed are 1 to {MOST_SECRETS}"
            raise SettingsError(message)
        if (shortest := min(map(len, self.values))) < LEAST_SECRET:
            message = f"cluster secret: found {shortest} characters, allowed are {LEAST_SECRET} or more"
            raise SettingsError(message)

    @classmethod
    def parse(cls, text: str) -> ClusterSecret:
        """The secrets of a text, one in each line that is not empty. Raises SettingsError."""
        return cls(tuple(line.strip().encode() for line in text.splitlines() if line.strip()))


@dataclass(frozen=True, slots=True)
class CallSubject:
    """What is signed beside caller, time and nonce."""

    cluster: str
    addressee: str
    """Address of the clustering port that is called, as its member has published it."""
    call: str
    body: bytes


def sign(secret: ClusterSecret, subject: CallSubject, caller: str, at: float, nonce: bytes) -> str:
    """The value of :data:`HEADER` for a call; ``at`` is Unix time in seconds, ``nonce`` 16 bytes never used before."""
    milliseconds = int(at * 1000)
    signature = _signature(secret.values[0], subject, caller, milliseconds, nonce.hex())
    return f"{_VERSION} {caller} {milliseconds} {nonce.hex()} {signature}"


class SignedCalls:
    """Checks signed calls, and remembers their nonces for as long as they could be sent again."""

    def __init__(self, secret: ClusterSecret, began_at: float, elapsed: Clock) -> None:
        """``began_at`` is the Unix time in seconds before which nothing was received by this process.

        ``elapsed`` is a clock in seconds that nobody sets: what is forgotten does not hang on the one people set.
        """
        self._secret = secret
        self._began_at = began_at
        self._elapsed = elapsed
        self._started = elapsed()
        self._turned_at = elapsed()
        self._nonces: set[bytes] = set()
        self._older: set[bytes] = set()

    def use(self, secret: ClusterSecret) -> None:
        """Other secrets hold from now on."""
        self._secret = secret

    def check(self, header: str, subject: CallSubject, now: float) -> str:
        """The name of the caller of a call that was signed for this one; ``now`` is Unix time in seconds.

        Raises BadSignatureError for a wrong, old or repeated signature.
        """
        found = _FORM.fullmatch(header)
        if found is None:
            raise BadSignatureError("a signature that cannot be read")
        caller, milliseconds, nonce, signature = found[1], int(found[2]), found[3], found[4]
        if not self._is_good(subject, caller, milliseconds, nonce, signature):
            raise BadSignatureError("a wrong signature: another secret, cluster, address or message")
        self._check_time(milliseconds / 1000.0, now)
        self._remember(bytes.fromhex(nonce))
        return caller

    def _is_good(self, subject: CallSubject, caller: str, milliseconds: int, nonce: str, signature: str) -> bool:
        # Every secret is tried, so that the time tells nothing.
        good = [
            hmac.compare_digest(_signature(secret, subject, caller, milliseconds, nonce), signature)
            for secret in self._secret.values
        ]
        return any(good)

    def _check_time(self, at: float, now: float) -> None:
        if abs(now - at) > WINDOW_SECONDS:
            when = f"{abs(now - at):.1f} s {'ago' if now > at else 'ahead'}"
            message = f"signed {when} by the clocks of both sides, allowed are {WINDOW_SECONDS:g} s: look at the clocks"
            raise BadSignatureError(message)
        # Later the window is enough; and a clock that was set back must not shut the members out for so long.
        if at < self._began_at and self._elapsed() - self._started < 2.0 * WINDOW_SECONDS:
            raise BadSignatureError("signed before this node began to run")

    def _remember(self, nonce: bytes) -> None:
        """Note a nonce for at least two windows: so long can a call be sent again that was signed ahead of time."""
        elapsed = self._elapsed()
        if elapsed - self._turned_at >= 2.0 * WINDOW_SECONDS:
            self._older = self._nonces if elapsed - self._turned_at < 4.0 * WINDOW_SECONDS else set()
            self._nonces, self._turned_at = set(), elapsed
        if nonce in self._nonces or nonce in self._older:
            raise BadSignatureError("a call that was carried out before: its nonce is known")
        if len(self._nonces) + len(self._older) >= MOST_NONCES:
            raise BadSignatureError(f"more than {MOST_NONCES} calls within {2 * WINDOW_SECONDS:g} s")
        self._nonces.add(nonce)


def _signature(secret: bytes, subject: CallSubject, caller: str, milliseconds: int, nonce: str) -> str:
    digest = hmac.new(secret, digestmod=hashlib.sha256)
    fields = (_VERSION, subject.cluster, subject.addressee, subject.call, caller, str(milliseconds), nonce)
    for part in (*map(str.encode, fields), subject.body):
        # With its length before it no part can pass for the beginning of the next.
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()
