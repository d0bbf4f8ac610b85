"""Why a node must wait before it may become master."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wait:
    """A node must not become master before ``until``, in seconds on the clock of leases."""

    until: float
    reason: str
    """For operators."""
