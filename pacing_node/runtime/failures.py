"""Unexpected errors as the log may show them. Pure."""

from __future__ import annotations

import traceback


def innermost(error: BaseException) -> str:
    """File and line that raised it. Not the whole traceback with its text: that could show secrets."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "unknown"
