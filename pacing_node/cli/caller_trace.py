"""The trace of who runs a command: the environment names it, and the orders of the command are part of it."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "TRACEPARENT"
"""What OpenTelemetry and continuous integration call it; it holds what the header of W3C Trace Context holds."""
_FORM = re.compile(
    r"(?!ff)(?P<version>[0-9a-f]{2})-(?P<trace>(?!0{32})[0-9a-f]{32})-(?P<span>(?!0{16})[0-9a-f]{16})"
    r"-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?",
    re.DOTALL,
)
_SAMPLED = 1


def caller_trace(environ: Mapping[str, str] | None = None) -> str:
    """The ``traceparent`` that the environment names; empty for none, and for one that is none.

    Of a later version the parts are taken that every version has, as its specification asks for.
    """
    found = _FORM.fullmatch((os.environ if environ is None else environ).get(VARIABLE, ""))
    if found is None or (found["version"] == "00" and found["more"] is not None):
        return ""
    flags = found["flags"] if found["version"] == "00" else f"{int(found['flags'], 16) & _SAMPLED:02x}"
    return f"00-{found['trace']}-{found['span']}-{flags}"
