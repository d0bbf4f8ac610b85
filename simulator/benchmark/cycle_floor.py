"""The least a cycle can cost: the same bytes written, packed, sent, received and read by fast libraries alone."""

from __future__ import annotations

import base64
import http.client
import json
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec
from isal import isal_zlib

from simulator.harness.harness_error import HarnessError

if TYPE_CHECKING:
    from collections.abc import Sequence

_GZIP = 31
"""Size of the window, and the wrapping."""
_CLIENT = base64.b64encode(b"floor:simulated-secret").decode()
_BULK_PATH = "/api/v2/journey/actiontargets/bulk"


class _UserData(msgspec.Struct, gc=False, rename="camel"):
    key: str
    value: str


class _Statistics(msgspec.Struct, gc=False, rename="camel"):
    number_of_logged_in_agents: int
    number_of_ready_agents: int
    number_of_interactions_in_queue: int
    number_of_served_interactions: int
    number_of_abandoned_interactions: int


class _Entity(msgspec.Struct, gc=False, rename="camel", omit_defaults=True):
    id: str
    name: str
    external_id: str
    media_type: str
    supported_media_types: list[str]
    user_data: list[_UserData]
    allowed_invitation_count: int
    allowed_invitation_interval_seconds: float
    raw_statistics: _Statistics
    estimated_wait_time_seconds: float | None = None


class _Push(msgspec.Struct, gc=False, rename="camel"):
    entities: list[_Entity]


class _Answered(msgspec.Struct, gc=False, rename="camel"):
    external_id: str
    pending_invitation_count: int
    acceptance_rate: float
    time_to_positive_disposition_avg_seconds: float


class _Result(msgspec.Struct, gc=False, rename="camel"):
    entity: _Answered


class _Reply(msgspec.Struct, gc=False, rename="camel"):
    results: list[_Result]


class CycleFloor:
    """The plainest client of the bulk call; not thread-safe, blocking."""

    def __init__(self, address: str) -> None:
        """``address`` is the peer's, ``http://host:port``; it takes gzip, and so the node packs, and this."""
        parts = urlsplit(address)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60.0)
        self._sequence = 0
        self._encoder, self._reader = msgspec.json.Encoder(), msgspec.json.Decoder(_Reply)
        form = {"Authorization": f"Basic {_CLIENT}", "Content-Type": "application/x-www-form-urlencoded"}
        _, token = self._ask("/oauth/token", b"grant_type=client_credentials", form)
        self._authorization = f"Bearer {json.loads(token)['access_token']}"
        self.bytes_sent = 0
        """Of the newest push, bodies as they went over the wire."""

    def push(self, bodies: Sequence[bytes]) -> float:
        """Send these bodies as one push; CPU seconds of this thread. Raises HarnessError when one is not accepted."""
        pushes = [msgspec.json.decode(body, type=_Push) for body in bodies]
        self._sequence += 1
        self.bytes_sent, targets = 0, 0
        began = time.thread_time()
        for number, push in enumerate(pushes, 1):
            targets += self._part(push, number, len(pushes))
        seconds = time.thread_time() - began
        if targets != sum(len(push.entities) for push in pushes):
            raise HarnessError(f"the floor sent {sum(len(push.entities) for push in pushes)} targets, {targets} came")
        return seconds

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _part(self, push: _Push, number: int, of: int) -> int:
        body = self._encoder.encode(push)
        headers = {
            "Authorization": self._authorization,
            "Accept-Encoding": "gzip",
            "Content-Encoding": "gzip",
            "Content-Type": "application/json",
            "Pacing-Cluster-Id": "floor",
            "Pacing-Epoch": "1",
            "Pacing-Sequence": str(self._sequence),
            "Pacing-Part": f"{number}/{of}",
            "Idempotency-Key": f"floor:1:{self._sequence}:{number}",
        }
        body = isal_zlib.compress(body, 1, _GZIP)
        self.bytes_sent += len(body)
        coding, answer = self._ask(_BULK_PATH, body, headers)
        if coding == "gzip":
            answer = isal_zlib.decompress(answer, _GZIP)
        return len(self._reader.decode(answer).results)

    def _ask(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[str, bytes]:
        """The coding and body of an answer."""
        self._connection.request("POST", path, body, headers)
        response = self._connection.getresponse()
        answer = response.read()
        if response.status != http.client.OK:
            raise HarnessError(f"the floor was answered HTTP {response.status}: {answer[:200]!r}")
        return response.getheader("Content-Encoding", ""), answer
