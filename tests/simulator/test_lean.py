"""The lean peer against the service's own adapters: it serves what they ask for, and fences as the full simulator."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import SecretStr

from cluster.token import Token
from pacing_node.discovery.discover import discover
from pacing_node.engagement.bulk import BulkPlatform
from pacing_node.engagement.engagement_settings import EngagementSettings
from pacing_node.engagement.platform import PushStatus, TargetPush
from pacing_node.objects.object_files import load_objects
from pacing_node.statistics.bridge_statistics import bridge_statistics
from simulator.benchmark.cycle_floor import CycleFloor
from simulator.scenarios.large import large
from simulator.servers import LeanSimulator, SimulatorOptions
from tests.support.engagement_platform import within
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pacing_node.targets import TargetSet

CLIENTS = {"pacing": "simulated-secret", "floor": "simulated-secret"}


@pytest.fixture
async def peer(tmp_path: Path) -> AsyncIterator[LeanSimulator]:
    options = SimulatorOptions(clients=CLIENTS, objects_file=tmp_path / "objects.yaml", seed=3)
    async with LeanSimulator(large(4, 3), options) as running:
        yield running


@pytest.fixture
def targets(peer: LeanSimulator) -> TargetSet:
    return discover(load_objects(Path(peer.addresses["objects_file"])))


def push_of(targets: TargetSet) -> list[TargetPush]:
    return [TargetPush(each, 4, 5.0, 0.5, 1.5, 3, 1, 0, 7, 1, "agents_available") for each in targets.targets]


def platform(peer: LeanSimulator, **more: Any) -> BulkPlatform:
    http = peer.addresses["http"]
    return BulkPlatform(
        EngagementSettings(f"{http}/oauth/token", f"{http}/api/", "pacing", SecretStr(CLIENTS["pacing"]), **more)
    )


async def status(peer: LeanSimulator) -> dict[str, int]:
    async with httpx.AsyncClient(trust_env=False, timeout=30.0) as client:
        answer: dict[str, int] = (await client.get(f"{peer.addresses['http']}/simulator/status")).json()
        return answer


@pytest.mark.parametrize("compress", [False, True])
async def test_pushes_are_taken_by_their_tokens(peer: LeanSimulator, targets: TargetSet, *, compress: bool) -> None:
    adapter = platform(peer, compress=compress, max_entities_per_request=3)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(adapter.close)
        accepted = await adapter.push(Token("A", 2, 1), push_of(targets), within(10.0))
        stale = await adapter.push(Token("A", 1, 9), push_of(targets), within(10.0))
        foreign = await adapter.push(Token("B", 9, 9), push_of(targets), within(10.0))
    assert accepted.status is PushStatus.ACCEPTED, accepted.message
    assert [each.pending for each in accepted.replies] == [2] * 4
    assert (stale.status, foreign.status) == (PushStatus.FENCED, PushStatus.FENCED)
    assert stale.mark is not None
    assert (stale.mark.epoch, stale.mark.sequence) == (2, 1)
    found = await status(peer)
    assert (found["pushes_accepted"], found["accepted_out_of_order"]) == (1, 0)
    assert found["pushes_refused"] >= 2


async def test_the_floor_sends_the_bytes_of_a_node(peer: LeanSimulator, targets: TargetSet) -> None:

    adapter = platform(peer, max_entities_per_request=3)
    await adapter.push(Token("A", 2, 1), push_of(targets), within(10.0))
    await adapter.close()
    async with httpx.AsyncClient(trust_env=False, timeout=30.0) as client:
        pages = [await client.get(f"{peer.addresses['http']}/simulator/pushes/newest/{n}") for n in (1, 2, 3)]
    assert [page.status_code for page in pages] == [200, 200, 404]
    bodies = [page.content for page in pages[:2]]
    floor = await asyncio.to_thread(CycleFloor, peer.addresses["http"])
    assert await asyncio.to_thread(floor.push, bodies) > 0.0
    floor.close()
    assert 0 < floor.bytes_sent < sum(map(len, bodies))
    assert (await status(peer))["pushes_accepted"] == 2


async def test_every_row_of_the_statistics_is_valid_and_counts(peer: LeanSimulator, targets: TargetSet) -> None:
    served = peer.addresses["statistics"]
    source = bridge_statistics(served["primary"], served["backup"])
    await source.start()
    try:
        source.watch(targets)
        await until(lambda: bool(source.snapshot(15.0).valid.all()))
        snapshot = source.snapshot(15.0)
        assert snapshot.logged_in.tolist() == [3.0] * 4
        assert (snapshot.ready + snapshot.busy).tolist() == [3.0] * 4
        assert source.active == "primary"
    finally:
        await source.stop()
