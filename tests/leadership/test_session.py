"""A session that is stopped stays stopped, whatever else was happening to it."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from cluster.mastership import ZooKeeperState
from cluster.zookeeper.client import ZooKeeperSession
from tests.support.waiting import until

if TYPE_CHECKING:
    import pytest

NOWHERE = "127.0.0.1:1"


async def test_a_client_that_is_being_replaced_while_the_node_stops_is_not_begun_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = ZooKeeperSession(NOWHERE, 0.2, 0.1)
    closing, closed = asyncio.Event(), asyncio.Event()
    stop = session.stop

    async def served() -> bool:
        return True

    async def slow_stop(timeout_seconds: float) -> None:
        closing.set()
        await stop(timeout_seconds)
        await closed.wait()

    monkeypatch.setattr(session, "_serves_strangers", served)
    monkeypatch.setattr(session, "stop", slow_stop)
    session.start()
    rebuilding = asyncio.create_task(session.rebuild())
    await closing.wait()
    await stop(10.0)
    closed.set()
    await rebuilding

    assert session.state is ZooKeeperState.LOST
    await until(lambda: not [each for each in threading.enumerate() if each.name.startswith("zookeeper-st")])
    assert session._client is None
