"""The fencing token: who may act, ordered."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, order=True)
class Token:
    """Identity of one action. Within a cluster tokens are ordered by (epoch, sequence).

    A receiver that keeps the highest token it accepted and refuses lower ones makes a late action harmless, whether it
    comes from an old term or from the running one.
    """

    cluster_id: str
    epoch: int
    sequence: int
    term_id: str = field(default="", compare=False)
    """Of the term, chosen at random: an epoch is given twice when ZooKeeper was put back to an older copy."""

    @property
    def idempotency_key(self) -> str:
        """One key per action, the same for every retry of it."""
        term = f"{self.epoch}:{self.term_id}" if self.term_id else str(self.epoch)
        return f"{self.cluster_id}:{term}:{self.sequence}"
