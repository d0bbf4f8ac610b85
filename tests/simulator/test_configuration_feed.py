"""The configuration feed over gRPC, and the same objects as a file."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import grpc
import pytest
import yaml

from contact_center.v1 import configuration_pb2 as pb
from contact_center.v1 import configuration_pb2_grpc as pb_grpc
from simulator.scenarios import load_scenario
from simulator.servers import Simulator, SimulatorOptions
from simulator.servers.configuration.configuration_feed import encode_objects
from tests.simulator.conftest import CLIENTS, Platform

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@asynccontextmanager
async def watching(simulator: Simulator, **request: Any) -> AsyncIterator[Any]:
    async with grpc.aio.insecure_channel(simulator.addresses["configuration"]) as channel:
        call = pb_grpc.ConfigurationServiceStub(channel).Watch(pb.WatchRequest(**request), timeout=30)
        yield call
        call.cancel()


async def test_a_watch_begins_with_all_objects(simulator: Simulator) -> None:
    async with watching(simulator, tenant="Environment") as call:
        first = await call.read()
    assert not first.unchanged
    objects = first.objects
    assert len(objects.virtual_queues) == 11
    sales = next(queue for queue in objects.virtual_queues if queue.number == "VQ_Sales_Chat")
    assert (sales.alias, sales.enabled) == ("VQ_Sales_Chat", True)
    assert {section.name: dict(section.options) for section in sales.annex} == {
        "pacing": {"media": "chat", "optimizationGoal": "3"}
    }
    spanish = next(group for group in objects.agent_groups if group.name == "Spanish Speakers")
    assert (spanish.script, list(spanish.agents)) == ('Skill("Spanish") > 5', [])
    (transaction,) = objects.transactions
    assert {section.name: dict(section.options) for section in transaction.annex} == {
        "general": {
            "base_auth_url": f"{simulator.addresses['http']}/oauth/token",
            "base_service_url": f"{simulator.addresses['http']}/api/",
        },
        "ewt": {"client_id": "pacing", "password": "secret one"},
    }


async def test_a_known_version_is_not_sent_again(simulator: Simulator) -> None:
    async with watching(simulator) as call:
        version = (await call.read()).version
    async with watching(simulator, known_version=version) as call:
        again = await call.read()
    assert (again.version, again.unchanged, again.HasField("objects")) == (version, True, False)


async def test_a_change_is_sent_at_once_and_taken_back_when_it_ends(simulator: Simulator, platform: Platform) -> None:
    async with watching(simulator) as call:
        before = await call.read()
        await platform.fault(
            "configuration",
            queue="VQ_Sales_Chat",
            options={"optimizationGoal": "7"},
            fields={"alias": "Elsewhere", "enabled": False},
            seconds=0.5,
        )
        changed, restored = await call.read(), await call.read()
    sales = next(queue for queue in changed.objects.virtual_queues if queue.number == "VQ_Sales_Chat")
    assert (sales.alias, sales.enabled, sales.annex[0].options["optimizationGoal"]) == ("Elsewhere", False, "7")
    assert len({before.version, changed.version, restored.version}) == 3
    assert restored.objects == before.objects


async def test_a_queue_is_removed(simulator: Simulator, platform: Platform) -> None:
    async with watching(simulator) as call:
        await call.read()
        await platform.fault("configuration", queue="VQ_Night_Chat", remove=True)
        changed = await call.read()
    assert "VQ_Night_Chat" not in {queue.number for queue in changed.objects.virtual_queues}


async def test_another_tenant_is_not_found(simulator: Simulator) -> None:
    async with watching(simulator, tenant="Elsewhere") as call:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call.read()
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND


async def test_the_objects_file_holds_the_same_objects_and_follows_changes(tmp_path: Path) -> None:
    file = tmp_path / "objects.yaml"
    async with Simulator(load_scenario("demo"), SimulatorOptions(clients=CLIENTS, objects_file=file)) as simulator:
        async with watching(simulator) as call:
            served = (await call.read()).objects
        assert encode_objects(yaml.safe_load(file.read_text())) == served
        assert simulator.document is not None
        simulator.document.change_queue("VQ_Sales_Chat", {"optimizationGoal": "9"}, {}, remove=False)
        queues = yaml.safe_load(file.read_text())["virtual_queues"]
        assert queues[0]["annex"]["pacing"]["optimizationGoal"] == "9"
