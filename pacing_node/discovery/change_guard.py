"""Which changes of the targets are held back: those that take away so many that a damaged source is more likely.

A file that is being written, a feed cut short or a query with too few rights all look like a site that closes. Such a
change waits until somebody accepts it, or until it has been unchanged for a while. Everything here is pure: times are
Unix seconds handed in.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pacing_node.targets import TargetSet

START_SECONDS = 10.0
"""How long a node that has just started waits at most until it knows what the cluster paces."""
NAMED = 5
"""Lost targets a message names."""


@dataclass(frozen=True, slots=True)
class GuardLimits:
    """When a change is held back, and for how long."""

    share_percent: float = 50.0
    """A change that takes away more than this share of the targets is held back; all of them always."""
    standing_seconds: float = 600.0
    """A change that stays the same for so long is accepted."""


@dataclass(frozen=True, slots=True)
class TargetLoss:
    """What a change takes away."""

    lost: tuple[str, ...]
    """Names of targets that go, or keep no agent, sorted."""
    known: int
    """Targets before the change; 0 when nothing is known."""

    @property
    def change_id(self) -> str:
        """The same on every node that loses the same targets, whatever else changes."""
        return hashlib.sha256("\n".join(self.lost).encode(errors="surrogatepass")).hexdigest()[:12]

    def exceeds(self, share_percent: float) -> bool:
        """Whether the loss is more than a share of the targets, or all of them."""
        return bool(self.lost) and (len(self.lost) == self.known or 100.0 * len(self.lost) > share_percent * self.known)


@dataclass(frozen=True, slots=True)
class HeldChange:
    """A change that waits."""

    loss: TargetLoss
    since: float
    """Unix time in seconds when it was first seen."""
    due_at: float
    """Unix time in seconds when it is accepted if it stays the same."""

    def __str__(self) -> str:
        """The change in words, with the way to accept it."""
        loss = self.loss
        if not loss.known:
            return "a node that has just started waits until it knows what the cluster paces"
        due = datetime.fromtimestamp(self.due_at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        names = ", ".join(loss.lost[:NAMED]) + (f" and {len(loss.lost) - NAMED} more" if len(loss.lost) > NAMED else "")
        return (
            f"found a change that takes away {len(loss.lost)} of {loss.known} targets ({names}), held back: "
            f"mend the source, or accept the change with `pacing config accept-objects`; unless it changes, "
            f"it is accepted on {due}"
        )


def target_loss(before: Mapping[str, bool], after: TargetSet) -> TargetLoss:
    """What is lost of the previous targets, each with whether it had agents."""
    staffed = {target.name: bool(target.agents) for target in after.targets}
    lost = (name for name, had_agents in before.items() if name not in staffed or (had_agents and not staffed[name]))
    return TargetLoss(tuple(sorted(lost)), len(before))


class ChangeGuard:
    """Decides for each set of targets whether it is put in force, and remembers the change that waits."""

    def __init__(self) -> None:
        self.held: HeldChange | None = None
        """The change that waits now."""

    def review(self, loss: TargetLoss, *, wait: bool, limits: GuardLimits, now: float, accepted: bool = False) -> bool:
        """Whether targets with this loss are put in force.

        ``wait`` tells whether it is worth while to wait for what the cluster paces, when nothing is known before;
        ``accepted`` whether somebody has accepted this loss.
        """
        held = self._held(loss, wait=wait, limits=limits, now=now)
        self.held = None if held is None or accepted or now >= held.due_at else held
        return self.held is None

    def _held(self, loss: TargetLoss, *, wait: bool, limits: GuardLimits, now: float) -> HeldChange | None:
        if not loss.known:
            if not wait:
                return None
            seconds = START_SECONDS
        elif loss.exceeds(limits.share_percent):
            seconds = limits.standing_seconds
        else:
            return None
        same = self.held is not None and self.held.loss == loss
        since = self.held.since if self.held is not None and same else now
        return HeldChange(loss, since, since + seconds)
