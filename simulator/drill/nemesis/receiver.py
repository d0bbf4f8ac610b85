"""Which receiver a run of the nemesis pushes to, and whether partial pushes go between the full ones. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from cluster.addresses import join
from simulator.harness.cluster_times import REFRESH_PERIOD_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PARTIAL_PERIOD_SECONDS = 4
"""Refresh period with partial pushes: there is room for three of them in each."""


class Receiver(Enum):
    """What takes the pushes; the value is its name on the command line."""

    BULK = "bulk"
    """The platform's bulk call, which compares tokens."""
    WEBHOOK = "webhook"
    """The webhook, which compares tokens."""
    CONDITIONAL = "if-match"
    """The webhook that compares ETags and looks at no token."""


_PATHS = {Receiver.WEBHOOK: "/webhook", Receiver.CONDITIONAL: "/webhook-conditional"}


@dataclass(frozen=True, slots=True)
class Pushing:
    """How a run pushes."""

    receiver: Receiver = Receiver.BULK
    partials: bool = False

    @property
    def period_seconds(self) -> float:
        """The refresh period."""
        return PARTIAL_PERIOD_SECONDS if self.partials else REFRESH_PERIOD_SECONDS

    @property
    def shares_an_address(self) -> bool:
        """Whether the platform's address is in the cluster's options, the same for all nodes."""
        return self.receiver in _PATHS

    def sections(self, host: str, port: int) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
        """Sections of the cluster's options for a webhook at this address."""
        pacing = {"refreshPeriod": self.period_seconds, "partialPushes": "auto" if self.partials else "off"}
        sections: dict[str, Any] = {"pacing": pacing}
        if self.shares_an_address:
            fencing = "if-match" if self.receiver is Receiver.CONDITIONAL else "token"
            url = f"http://{join(host, port)}{_PATHS[self.receiver]}"
            sections["pacingEndpoint"] = {"kind": "webhook", "url": url, "fencing": fencing}
        return lambda _centre: sections

    def __str__(self) -> str:
        """For people; empty for the usual."""
        words = [] if self.receiver is Receiver.BULK else [f", receiver {self.receiver.value}"]
        return "".join([*words, ", partial pushes"] if self.partials else words)


USUAL = Pushing()
"""The bulk call, and full pushes alone."""
