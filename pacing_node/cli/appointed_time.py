"""`--at TIME`: an order that is given later, by the command itself."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta

import typer

from terminal.printing import status_line

LONGEST_SECONDS = 86_400.0
"""Farthest an order is put off: the command has to run until then."""
_TICK_SECONDS = 1.0
_ALLOWED = "allowed: a time of day in UTC such as 03:30, or 2026-12-01T03:30+01:00; within 24 h"


def parse_moment(text: str, now: datetime) -> datetime:
    """The moment meant by a time of day in UTC (the next such), or by a date and time; with no offset it is UTC.

    Raises typer.BadParameter.
    """
    words = text.strip()
    try:
        if re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", words):
            hour, minute, *second = map(int, words.split(":"))
            found = now.replace(hour=hour, minute=minute, second=second[0] if second else 0, microsecond=0)
            return found if found > now else found + timedelta(days=1)
        found = datetime.fromisoformat(words)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):  # the latter: in UTC it would be before the year 1, or after 9999
        raise typer.BadParameter(f"found {text[:40]!r}, {_ALLOWED}") from None
    if not 0.0 <= (found - now).total_seconds() <= LONGEST_SECONDS:
        raise typer.BadParameter(f"found {text[:40]!r}, which is {found:%Y-%m-%d %H:%M:%S} UTC; {_ALLOWED}")
    return found


def wait_for(moment: datetime, what: str) -> None:
    """Wait for a moment of the wall clock; on a terminal a line counts down."""
    try:
        while (left := (moment - datetime.now(UTC)).total_seconds()) > 0.0:
            status_line(f"{what} at {moment:%H:%M:%S} UTC, in {timedelta(seconds=round(left))}; Ctrl-C calls it off")
            time.sleep(min(left, _TICK_SECONDS))
    finally:
        status_line("")
