"""Keeps secrets out of whatever people read."""

from __future__ import annotations

import base64
import json
import urllib.parse
from collections import deque

from cluster.outside_text import one_line

MASK = "**********"
LONGEST_TEXT = 500
_SHORTEST_SECRET = 4  # masking every "a" would hide nothing but the text


class Redactor:
    """Knows the secrets of one connection and masks them in texts that came from outside."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        self._fixed = _forms(secrets)
        self._recent: deque[str] = deque(maxlen=8)

    def remember(self, secret: str) -> None:
        """A further secret, for example an access token; the newest eight are kept."""
        if len(secret) >= _SHORTEST_SECRET and secret not in self._recent:
            self._recent.append(secret)

    def clean(self, text: str) -> str:
        """The text on one line, without secrets and without control characters, and not longer than is useful."""
        for secret in (*self._fixed, *self._recent):
            text = text.replace(secret, MASK)
        short = text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"
        return one_line(short, len(short))


def _forms(secrets: tuple[str, ...]) -> tuple[str, ...]:
    """The secrets as they are and as JSON, Python, URLs and HTTP would write them; the longest first."""
    forms = {form for secret in secrets for form in (secret, json.dumps(secret)[1:-1], repr(secret)[1:-1])}
    forms |= {quote(secret) for secret in secrets for quote in (urllib.parse.quote, urllib.parse.quote_plus)}
    forms |= {base64.b64encode(secret.encode()).decode() for secret in secrets}
    return tuple(sorted((form for form in forms if len(form) >= _SHORTEST_SECRET), key=len, reverse=True))
