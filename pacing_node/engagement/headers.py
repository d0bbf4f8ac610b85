"""Headers of a push and of the answers to it. Pure."""

from __future__ import annotations

import math
import re
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cluster.token import Token

_GZIP = re.compile(r"(?:^|,)\s*(?:x-)?gzip\s*(?:,|$|;\s*q=(?!0(?:\.0*)?\s*(?:,|$)))", re.IGNORECASE)
LONGEST_WAIT_SECONDS = 180.0
"""A platform that asks for more is asked again after this."""
_MOST_REQUESTS = 1e9
"""More requests left than this are as good as this: the difference of two numbers can be beyond every number."""


def fencing_headers(token: Token, part: int, parts: int, prev: int | None = None) -> dict[str, str]:
    """The token of the term in the form the platform compares; ``part`` counts from 1, ``prev`` makes it partial."""
    kind = {"Pacing-Kind": "full"} if prev is None else {"Pacing-Kind": "partial", "Pacing-Prev": str(prev)}
    return kind | {
        "Pacing-Cluster-Id": token.cluster_id,
        "Pacing-Epoch": str(token.epoch),
        "Pacing-Sequence": str(token.sequence),
        "Pacing-Part": f"{part}/{parts}",
        "Idempotency-Key": f"{token.idempotency_key}:{part}",
    }


def replayed(headers: Mapping[str, str]) -> bool:
    """Whether the platform answered from its memory."""
    return headers.get("idempotency-replayed", "").strip().lower() == "true"


def takes_partials(headers: Mapping[str, str]) -> bool:
    """Whether the platform says that it takes partial pushes."""
    return "partial" in {kind.strip().lower() for kind in headers.get("pacing-accepts", "").split(",")}


def takes_gzip(headers: Mapping[str, str]) -> bool:
    """Whether the platform says with an answer that requests may come in gzip (RFC 9110, section 12.5.3)."""
    return bool(_GZIP.search(headers.get("accept-encoding", "")))


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """``Retry-After`` in seconds, 0 to 180; None where it is absent or cannot be read.

    A date is taken against the reply's own ``Date``, so that the clocks need not agree.
    """
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    seconds = _number(text)
    if seconds is None:
        try:
            until, sent = parsedate_to_datetime(text), parsedate_to_datetime(headers.get("date", ""))
            seconds = (until - sent).total_seconds()
        except (ValueError, TypeError, OverflowError, IndexError):
            return None
    return min(max(seconds, 0.0), LONGEST_WAIT_SECONDS)


def rate_limit_seconds(headers: Mapping[str, str]) -> float | None:
    """Seconds until the platform counts requests anew when its limit is used up; None while there is room."""
    left, seconds = requests_left(headers)
    return seconds if left == 0 else None


def requests_left(headers: Mapping[str, str]) -> tuple[int | None, float]:
    """Requests the platform still takes in its window, None where it does not say; seconds until it counts anew."""
    count, allowed, reset = (
        _number(headers.get(f"inin-ratelimit-{name}", "")) for name in ("count", "allowed", "reset")
    )
    if count is None or allowed is None or reset is None:
        return None, 0.0
    left = min(max(allowed - count, 0.0), _MOST_REQUESTS)
    return int(left), min(max(reset, 0.0), LONGEST_WAIT_SECONDS)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
