"""The receiver's side of conditional writes: one resource, a new ETag with every accepted write. No I/O."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from simulator.servers.engagement.fence import FULL, PARTIAL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.servers.engagement.fence import PushToken


class ConditionalResource:
    """Looks at no token: a write is taken when its condition names the state it replaces."""

    def __init__(self) -> None:
        self.holder: PushToken | None = None
        """What the newest accepted write said of itself; None before the first."""
        self._name = secrets.token_hex(4)
        self._version = 0

    @property
    def etag(self) -> str | None:
        """The ETag of the state; never the same for two states. None before the first write."""
        return f'"{self._name}-{self._version}"' if self._version else None

    def permits(self, headers: Mapping[str, str]) -> bool | None:
        """Whether the condition of a write holds now; None when it carries none."""
        if_match, if_none_match = headers.get("if-match"), headers.get("if-none-match")
        if if_match is not None:
            return self.etag is not None and if_match.strip() in {self.etag, "*"}
        return self.etag is None if if_none_match == "*" else None

    def write(self, token: PushToken) -> None:
        """Take a write whose condition held."""
        self._version += 1
        self.holder = token

    def representation(self) -> dict[str, object]:
        """What reading the resource returns of its newest writer."""
        token = self.holder
        if token is None:
            return {}
        return {
            "cluster_id": token.cluster_id,
            "epoch": token.epoch,
            "sequence": token.sequence,
            "part": token.part,
            "parts": token.parts,
            "kind": FULL if token.prev is None else PARTIAL,
        }
