"""How current the numbers of a page are, in words: one line for every command that shows any."""

from __future__ import annotations

import time
from typing import Any

from pacing_node.cli.output import utc


def silence(page: dict[str, Any]) -> str:
    """Since when nothing is pushed, and why; empty while pacing goes on, and for a node of an older version."""
    cycle = page.get("cycle") or {}
    if cycle.get("silent_since") is None:
        return ""
    seconds = max(0.0, time.time() - cycle["silent_since"])
    return f"SILENT since {utc(cycle['silent_since'], '%H:%M:%S')} UTC ({_age(seconds)}): {cycle.get('text', '')}"


def freshness(page: dict[str, Any]) -> str:
    """How old the newest cycle is, and what became of its push; silence wins over both."""
    if silent := silence(page):
        return silent
    cycle = page.get("cycle") or {}
    age = cycle.get("age_seconds")
    ago = "" if age is None else f", {_age(age)} ago"
    if page.get("pushed"):
        return f"accepted by the platform{ago}"
    return f"not pushed{ago}: {page.get('push_error') or 'no cycle yet'}"


def _age(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 10.0 else f"{seconds:,.0f} s"
