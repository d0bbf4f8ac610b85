"""A running term, as the application holds it."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from cluster.clock import boot_seconds
from cluster.token import Token

if TYPE_CHECKING:
    from collections.abc import Callable

    from cluster.clock import Clock
    from cluster.mastership import EndCause


class HeldTerm:
    """One uninterrupted mastership of this node (``cluster.mastership.Term``)."""

    def __init__(
        self,
        cluster_id: str,
        epoch: int,
        lease_until: Callable[[float], float],
        on_fenced: Callable[[str | None, int, int], None],
        *,
        after_clean_end: bool = False,
        previous_action_seconds: float = 0.0,
        longest_seconds: Callable[[], float] = lambda: math.inf,
        clock: Clock = boot_seconds,
        term_id: str = "",
    ) -> None:
        """``lease_until`` returns until when an action may last that starts at this time; 0 when it must not start.

        ``term_id`` is chosen at random for this term.
        """
        self.ended = asyncio.Event()
        self._cluster_id = cluster_id
        self._epoch = epoch
        self._lease_until = lease_until
        self._longest_seconds = longest_seconds
        self._clock = clock
        self._on_fenced = on_fenced
        self._after_clean_end = after_clean_end
        self._previous_action_seconds = previous_action_seconds
        self._term_id = term_id
        self._sequence = 0
        self._cause: EndCause | None = None

    @property
    def cluster_id(self) -> str:
        """Identity of the cluster's ZooKeeper tree, a UUID."""
        return self._cluster_id

    @property
    def epoch(self) -> int:
        """Number of this term."""
        return self._epoch

    @property
    def after_clean_end(self) -> bool:
        """True if the previous term ended clean, with nothing in flight."""
        return self._after_clean_end

    @property
    def previous_action_seconds(self) -> float:
        """How long an action can last that earlier terms may have left in flight; 0 when none, or when unknown."""
        return self._previous_action_seconds

    @property
    def cause(self) -> EndCause | None:
        """Why it ended; None while it lasts."""
        return self._cause

    def next_token(self) -> Token:
        """The token of the next action: same epoch, sequence one higher than the last, from 1."""
        self._sequence += 1
        return Token(self._cluster_id, self._epoch, self._sequence, self._term_id)

    def act_until(self, budget_seconds: float) -> float | None:
        """The deadline of an action that starts now; None when the lease left does not cover its budget."""
        now = self._clock()
        deadline = now + min(budget_seconds, self._longest_seconds())
        return deadline if not self.ended.is_set() and self._lease_until(now) >= deadline else None

    def fenced(self, mark_cluster_id: str | None, mark_epoch: int, mark_sequence: int) -> None:
        """Report that the receiver refused a token because it has seen a newer one. Ends the term."""
        if not self.ended.is_set():
            self._on_fenced(mark_cluster_id, mark_epoch, mark_sequence)

    def end(self, cause: EndCause) -> None:
        """The term is over; sets ``ended``."""
        if self._cause is None:
            self._cause = cause
        self.ended.set()
