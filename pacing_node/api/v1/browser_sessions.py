"""Sessions of browsers: a cookie no script can read stands for a token; a second secret shows the page's own requests.

A session holds the token it was begun with, which is judged anew at every request: a token that is revoked, or whose
role changes, ends or changes every session of it at once. Sessions are of one node and are gone when it ends.
"""

from __future__ import annotations

import hmac
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field

MOST_SESSIONS = 500
"""Sessions that are kept; the one used longest ago makes room."""
LONGEST_SECONDS = 12 * 3600.0
"""Age at which a session ends, however much it is used."""
IDLE_SECONDS = 3600.0
"""A session that is not used for so long ends."""


@dataclass(slots=True)
class Session:
    """One browser that has shown a token."""

    bearer: str = field(repr=False)
    """The token or JWT it was begun with."""
    began_at: float
    """On the monotonic clock, like every time here."""
    used_at: float
    identity: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    """The cookie's value."""
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    """What the page's own requests show in the header `X-CSRF-Token`; another site can neither read nor send it."""


class BrowserSessions:
    """The sessions of one node."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[str, Session] = OrderedDict()

    def begin(self, bearer: str, now: float) -> Session:
        """A new session; the token has been judged before."""
        session = Session(bearer, now, now)
        self._sessions[session.identity] = session
        if len(self._sessions) > MOST_SESSIONS:
            self._sessions.popitem(last=False)
        return session

    def find(self, identity: str, now: float) -> Session | None:
        """The session of a cookie; None for one that is unknown or over."""
        session = self._sessions.get(identity)
        if session is None:
            return None
        if now - session.began_at > LONGEST_SECONDS or now - session.used_at > IDLE_SECONDS:
            del self._sessions[identity]
            return None
        session.used_at = now
        self._sessions.move_to_end(identity)
        return session

    def end(self, identity: str) -> bool:
        """End a session; False when there was none."""
        return self._sessions.pop(identity, None) is not None

    def __len__(self) -> int:
        """How many there are."""
        return len(self._sessions)


def shows_csrf(session: Session, shown: str) -> bool:
    """Whether a request of the session's own page was made, compared in constant time."""
    return hmac.compare_digest(session.csrf.encode(), shown.encode())
