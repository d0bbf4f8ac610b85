"""The simulated contact centre as a configuration server: its feed and its file give the same targets, live."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pacing_node.discovery.discover import discover
from pacing_node.objects.bridge_source import BridgeSource
from pacing_node.objects.file_source import FileSource
from pacing_node.objects.object_model import ConfigurationObjects
from pacing_node.objects.sources import ConfigurationSource
from pacing_node.targets import TargetSet
from simulator.scenarios.catalogue import load_scenario
from simulator.scenarios.objects import Credentials, configuration_objects
from simulator.servers.configuration.configuration_document import ConfigurationDocument
from simulator.servers.configuration.configuration_feed import ConfigurationServer
from tests.support.waiting import until


@dataclass
class Centre:
    document: ConfigurationDocument
    source: ConfigurationSource
    seen: list[TargetSet] = field(default_factory=list)

    def use(self, objects: ConfigurationObjects) -> None:
        self.seen.append(discover(objects))

    async def targets(self, wanted: Callable[[], bool] = lambda: True) -> TargetSet:
        """The newest targets, once there are any and they are as wanted."""
        await until(lambda: bool(self.seen) and wanted())
        return self.seen[-1]


@pytest.fixture(params=["bridge", "file"])
async def centre(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Centre]:
    credentials = Credentials("http://localhost/oauth/token", "http://localhost/api/", "c", "p")
    objects = await asyncio.to_thread(lambda: configuration_objects(load_scenario("demo").centre, credentials))
    path = tmp_path / "objects.yaml"
    document = ConfigurationDocument(objects, path)
    server = ConfigurationServer(document, "127.0.0.1")
    await server.start(0)
    source: ConfigurationSource = (
        BridgeSource((f"127.0.0.1:{server.port}",), "Environment")
        if request.param == "bridge"
        else FileSource(path, "Environment", poll_seconds=0.05)
    )
    running = Centre(document, source)
    task = asyncio.create_task(source.run(running.use))
    try:
        yield running
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await server.stop()


async def test_its_configuration_makes_targets_without_faults(centre: Centre) -> None:
    targets = await centre.targets()

    assert targets.targets
    assert {finding.severity for finding in targets.findings} <= {"warning"}
    assert {finding.code for finding in targets.findings} <= {"agents_in_several_groups", "agents_without_capacity"}


async def test_targets_change_go_and_come_back_without_disturbing_the_others(centre: Centre) -> None:
    first = await centre.targets()
    changed, *others = first.targets

    before = centre.document.change_queue(changed.number, {"optimizationGoal": "9"}, {}, remove=False)
    targets = await centre.targets(lambda: centre.seen[-1].targets[0].goal_percent == 9.0)
    assert list(targets.targets[1:]) == others

    centre.document.change_queue(changed.number, {}, {}, remove=True)
    targets = await centre.targets(lambda: changed.name not in centre.seen[-1].names)
    assert list(targets.targets) == others

    centre.document.replace(before)
    targets = await centre.targets(lambda: changed.name in centre.seen[-1].names)
    assert targets == first


async def test_a_queue_that_loses_its_medium_is_left_out_and_named(centre: Centre) -> None:
    first = await centre.targets()
    broken = first.targets[0]

    centre.document.change_queue(broken.number, {"media": "chat,voice"}, {}, remove=False)
    targets = await centre.targets(lambda: broken.name not in centre.seen[-1].names)

    (finding,) = [finding for finding in targets.findings if finding.severity == "error"]
    assert finding.code == "queue_with_media_list"
    assert broken.queue in finding.where
