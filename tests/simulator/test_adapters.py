"""The service's own adapters against the simulator, over sockets: what each asks for is served as it expects."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from cluster.token import Token
from pacing_node.discovery.discover import discover
from pacing_node.engagement.bulk import BulkPlatform
from pacing_node.engagement.engagement_settings import EngagementSettings
from pacing_node.engagement.platform import PushStatus, TargetPush
from pacing_node.engagement.webhook import WebhookSettings
from pacing_node.objects.bridge_source import BridgeSource
from pacing_node.objects.file_source import FileSource
from pacing_node.objects.gws_source import GwsSource
from pacing_node.statistics.api_statistics import api_statistics
from pacing_node.statistics.bridge_statistics import bridge_statistics
from simulator.servers import STATISTICS_PATH, WEBHOOK_PATH, Simulator, SimulatorOptions
from tests.simulator.conftest import CLIENTS, DEMO, Platform
from tests.support.engagement_platform import within
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from pacing_node.algorithms.model import Snapshot
    from pacing_node.objects.object_model import ConfigurationObjects
    from pacing_node.targets import TargetSet

BEARER, KEY = "open-sesame", "key"
READER, PASSWORD = "reader", SecretStr("simulated-secret")


@pytest.fixture
async def simulator(tmp_path: Path) -> AsyncIterator[Simulator]:
    options = SimulatorOptions(
        clients=CLIENTS, objects_file=tmp_path / "objects.yaml", webhook_bearer=BEARER, webhook_signing_key=KEY
    )
    async with Simulator(DEMO, options) as running:
        yield running


async def first_objects(source: Any) -> ConfigurationObjects:
    found: asyncio.Future[ConfigurationObjects] = asyncio.get_running_loop().create_future()
    following = asyncio.create_task(source.run(lambda objects: found.done() or found.set_result(objects)))
    try:
        async with asyncio.timeout(20.0):
            return await found
    finally:
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following


def sources(simulator: Simulator) -> dict[str, Any]:
    file, http = simulator.options.objects_file, simulator.addresses["http"]
    assert file is not None
    return {
        "file": FileSource(file),
        "bridge": BridgeSource((simulator.addresses["configuration"],)),
        "gws": GwsSource((http,), user=READER, password=PASSWORD, capacity_rules=file),
    }


async def test_every_configuration_source_gives_the_same_targets(simulator: Simulator) -> None:
    found: dict[str, TargetSet] = {}
    for kind, source in sources(simulator).items():
        found[kind] = discover(await first_objects(source))
    shapes = {
        kind: {(t.number, t.media, t.goal_percent, t.groups, t.agents) for t in targets.targets}
        for kind, targets in found.items()
    }
    assert shapes["file"] == shapes["bridge"] == shapes["gws"]
    assert set(found["file"].names) == {target.spec.target for target in simulator.live.centre.targets}
    assert len(found["gws"].names) == 11, "named by number: the records hold no other name"


async def settled(source: Any, targets: TargetSet) -> Snapshot:
    """The first snapshot in which every row is valid."""
    await source.start()
    source.watch(targets)
    await until(lambda: bool(source.snapshot(15.0).valid.all()))
    snapshot: Snapshot = source.snapshot(15.0)
    return snapshot


async def test_every_statistics_source_reads_the_slots_the_model_counts(
    simulator: Simulator, platform: Platform
) -> None:
    targets = discover(await first_objects(sources(simulator)["file"]))
    token = (await platform.authorization()).removeprefix("Bearer ")
    addresses = simulator.addresses
    adapters = [
        bridge_statistics(addresses["statistics"]["primary"], addresses["statistics"]["backup"]),
        api_statistics(addresses["http"] + STATISTICS_PATH, bearer_token=SecretStr(token), api_key=SecretStr("any")),
    ]
    for adapter in adapters:
        try:
            snapshot = await settled(adapter, targets)
        finally:
            await adapter.stop()
        for row, name in enumerate(targets.names):
            target = simulator.live.centre.target(name)
            assert target is not None
            slots = sum(sum(agent.reading.slots(target.media)) for agent in target.agents)
            # A pause may have begun or ended between the snapshot and now: at most one agent's slots differ.
            assert abs(snapshot.ready[row] + snapshot.busy[row] - slots) <= 3
            assert abs(snapshot.logged_in[row] - target.logged_in) <= 1


def rows(targets: TargetSet) -> Sequence[TargetPush]:
    return [
        TargetPush(
            target=target,
            invitations=2,
            interval_seconds=5.0,
            inbound_portion=0.5,
            estimated_wait_seconds=None,
            logged_in=1,
            ready=1,
            waiting=0,
            accepted_total=0,
            abandoned_total=0,
            reason="agents_available",
        )
        for target in targets.targets
    ]


async def test_every_engagement_adapter_is_understood_and_fenced(simulator: Simulator, platform: Platform) -> None:
    targets = discover(await first_objects(sources(simulator)["file"]))
    http = simulator.addresses["http"]
    adapters = [
        BulkPlatform(
            EngagementSettings(
                base_auth_url=f"{http}/oauth/token",
                base_service_url=f"{http}/api/",
                client_id="pacing",
                password=SecretStr(CLIENTS["pacing"]),
                max_entities_per_request=4,
                compress=True,
            )
        ),
        BulkPlatform(
            WebhookSettings(
                f"{http}{WEBHOOK_PATH}",
                bearer_token=SecretStr(BEARER),
                signing_key=SecretStr(KEY),
                max_entities_per_request=4,
            )
        ),
    ]
    for done, adapter in enumerate(adapters):
        accepted = await adapter.push(Token("A", 2, 1), rows(targets), within(10.0))
        stale = await adapter.push(Token("A", 1, 9), rows(targets), within(10.0))
        await adapter.close()
        assert accepted.status is PushStatus.ACCEPTED, accepted.message
        assert all(reply.pending is not None and reply.error is None for reply in accepted.replies)
        assert stale.status is PushStatus.FENCED
        assert stale.mark is not None
        assert (stale.mark.epoch, stale.mark.sequence) == (2, 1)
        assert (await platform.status())["pushes_accepted"] == done + 1
    assert (await platform.status())["accepted_out_of_order"] == 0
