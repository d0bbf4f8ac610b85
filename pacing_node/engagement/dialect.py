"""What differs between platforms: how a push is written, how an answer is read, how a caller authenticates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cluster.token import Token
    from pacing_node.engagement.engagement_settings import ProxySettings
    from pacing_node.engagement.platform import FencingMark, TargetPush
    from pacing_node.engagement.replies import TargetReply
    from pacing_node.http_client.client import Answer

FENCED_CODES = ("stale_token", "foreign_cluster")


@dataclass(frozen=True, slots=True)
class BulkReply:
    """A reply that was understood."""

    replies: Sequence[TargetReply]
    notes: tuple[str, ...] = ()
    """Values that were left out because they make no sense; at most a few."""


@dataclass(frozen=True, slots=True)
class PlatformRefusal:
    """A refusal with the platform's own words."""

    code: str
    message: str
    mark: FencingMark | None


class Dialect(Protocol):
    """The documents of one kind of platform."""

    def body(
        self, token: Token, part: tuple[int, int], targets: Sequence[TargetPush], prev: int | None = None, /
    ) -> bytes:
        """The body of one request; ``part`` is its number, from 1, and how many there are.

        ``prev`` is that of a partial push.
        """
        ...

    def prepare(self, part: tuple[int, int], targets: Sequence[TargetPush]) -> None:
        """Write what a whole push of this part would say, and keep what helps the next one."""
        ...

    def read(self, answer: Answer, names: Sequence[str]) -> BulkReply:
        """What a 2xx answer says of the targets ``names``, in their order. Raises ``ReplyError``."""
        ...

    def refusal(self, body: bytes) -> PlatformRefusal | None:
        """The platform's own error document; None when the body is none."""
        ...


class PlatformAuthority(Protocol):
    """Proves to the platform who is calling."""

    async def headers(self, body: bytes, /) -> dict[str, str]:
        """Headers for a request with this body. Raises ``TokenError`` when there is no proof to be had."""
        ...

    def reject(self, headers: dict[str, str]) -> bool:
        """The platform answered 401 to these headers; whether others may work."""
        ...

    async def close(self) -> None:
        """End what runs in the background."""
        ...


class PushSettings(Protocol):
    """What every adapter's settings hold, whatever else they do."""

    @property
    def push_url(self) -> str:
        """Where pushes go; a HEAD there has no effect."""
        ...

    @property
    def secrets(self) -> tuple[str, ...]:
        """Everything that must never be shown."""
        ...

    @property
    def max_entities_per_request(self) -> int:
        """Most targets in one request."""
        ...

    @property
    def max_concurrent_requests(self) -> int:
        """Most requests of one push in flight at once."""
        ...

    @property
    def max_reply_bytes(self) -> int:
        """A longer reply, unpacked, is refused."""
        ...

    @property
    def compress(self) -> bool:
        """Whether request bodies go with gzip."""
        ...

    @property
    def keepalive_seconds(self) -> float:
        """How long idle connections are kept."""
        ...

    @property
    def unacknowledged_seconds(self) -> float | None:
        """After how long the kernel gives up a connection whose bytes are not acknowledged; None: its own time."""
        ...

    @property
    def proxy(self) -> ProxySettings | None:
        """The forward proxy."""
        ...

    @property
    def ca_file(self) -> str | None:
        """Certificates that are trusted instead of the well-known ones."""
        ...
