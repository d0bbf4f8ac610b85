"""A receiver of pushes that keeps the highest token it accepted and refuses lower ones, and writes everything down."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.listening import Listener
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Push:
    """One push as it arrived."""

    at: float
    node: str
    pid: int
    members: int
    """How many members the node that pushed knew of."""
    epoch: int
    sequence: int
    accepted: bool


class Receiver:
    """One JSON object a line, one answer a line."""

    def __init__(self) -> None:
        self.pushes: list[Push] = []
        self.port = 0
        self._mark = (0, 0)
        self._listener = Listener(self._serve)

    async def __aenter__(self) -> Receiver:
        self.port = await self._listener.open()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._listener.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                writer.write(json.dumps(self._take(json.loads(line))).encode() + b"\n")
                await writer.drain()

    def _take(self, push: dict) -> dict:
        token = (push["epoch"], push["sequence"])
        accepted = token > self._mark
        if accepted:
            self._mark = token
        self.pushes.append(Push(time.monotonic(), push["node"], push["pid"], push["members"], *token, accepted))
        return {"accepted": accepted, "mark": self._mark}

    @property
    def accepted(self) -> list[Push]:
        return [push for push in self.pushes if push.accepted]

    @property
    def refused(self) -> list[Push]:
        return [push for push in self.pushes if not push.accepted]

    def order_kept(self) -> bool:
        tokens = [(push.epoch, push.sequence) for push in self.accepted]
        owners = {(push.epoch, push.node) for push in self.accepted}
        return tokens == sorted(set(tokens)) and len(owners) == len({epoch for epoch, _ in owners})

    async def next_accepted(self, wanted: Callable[[Push], bool] = lambda _: True) -> Push:
        """The first accepted push from now on that is wanted."""
        seen = len(self.pushes)

        def found() -> Push | None:
            return next((push for push in self.pushes[seen:] if push.accepted and wanted(push)), None)

        return await until(found, "a push is accepted")
