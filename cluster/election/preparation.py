"""How far the cluster's tree is put in place for the session of a member."""

from __future__ import annotations

from dataclasses import dataclass, field

from cluster.backoff import Backoff

PREPARE_RETRY_SECONDS = (0.25, 1.0)
"""First and longest pause before trying again on a new connection to put the tree in place."""
DENIED_RETRY_SECONDS = (1.0, 30.0)
"""The same while an access list denies it: on the same connection, for another one is denied the same."""


@dataclass(slots=True)
class Preparation:
    """How far the tree is put in place."""

    session_id: int = 0
    """The session for which it is; 0 when for none."""
    again: Backoff = field(default_factory=lambda: Backoff(*PREPARE_RETRY_SECONDS))
    denied_again: Backoff = field(default_factory=lambda: Backoff(*DENIED_RETRY_SECONDS))
    denied: bool = False
    """ZooKeeper's access lists forbid it."""
    failure: str = ""
    """Why it could not be put in place, as last logged; empty when it could."""
