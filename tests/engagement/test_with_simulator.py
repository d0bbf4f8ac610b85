"""Both adapters against the simulated contact centre as a program of its own: what one reads, the other sends."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from pacing_node.configuration.credentials import engagement_credentials
from pacing_node.configuration.discovery import discover
from pacing_node.configuration.object_files import load_objects
from pacing_node.engagement.port import PushStatus, TargetPush
from pacing_node.engagement.predictive import PredictiveEngagement
from pacing_node.engagement.settings import EngagementSettings
from pacing_node.statistics.bridge import BridgeStatistics
from tests.engagement.platform import token


@pytest.fixture(scope="module")
def centre(tmp_path_factory):
    """A running simulator: its addresses and the file of its configuration objects."""
    folder = tmp_path_factory.mktemp("simulator")
    ready = folder / "ready.json"
    command = Path(sys.executable).with_name("pacing")
    process = subprocess.Popen(
        [command, "simulator", "--scenario", "demo", "--ready-file", ready, "--objects-file", folder / "objects.yaml"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while not ready.exists():
            assert process.poll() is None, "the simulator ended"
            assert time.monotonic() < deadline, "the simulator did not start"
            time.sleep(0.05)
        yield json.loads(ready.read_text()) | {"process": process}
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def objects(centre):
    return load_objects(Path(centre["objects_file"]))


@pytest.fixture(scope="module")
def targets(objects):
    return discover(objects)


async def settled(source, targets):
    await source.start()
    source.watch(targets)
    deadline = time.monotonic() + 30
    while not source.warmed_up or not all(each.connected for each in source.health):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def test_statistics_of_a_living_centre_are_complete_and_plausible(centre, targets):
    source = BridgeStatistics(centre["statistics"]["primary"], centre["statistics"]["backup"])
    await settled(source, targets)
    totals = {"accepted": 0.0, "completed": 0.0, "reactive_entered": 0.0}
    for _ in range(20):
        await asyncio.sleep(0.25)
        snapshot = source.snapshot(5.0)
        for name in totals:
            totals[name] += float(getattr(snapshot, name).sum())
    capacity = source.capacity()
    invalid = source.invalid
    await source.stop()
    assert len(snapshot) == len(targets.targets) > 5
    assert snapshot.valid.all()
    assert snapshot.ready.sum() + snapshot.busy.sum() > 0
    assert (snapshot.logged_in >= snapshot.capable).all()
    assert totals["reactive_entered"] + totals["completed"] > 0
    assert {each.group for each in capacity} == {group.name for group in targets.groups}
    assert {each.statistic for each in invalid} <= {"PACS_VQ_AverageHandleTime"}  # nothing has ended yet


async def test_a_push_is_taken_replayed_and_fenced(centre, objects, targets):
    found = engagement_credentials(objects)
    adapter = PredictiveEngagement(
        EngagementSettings(
            base_auth_url=found.base_auth_url,
            base_service_url=found.base_service_url,
            client_id=found.client_id,
            password=found.password,
            max_entities_per_request=4,
        )
    )
    entries = [TargetPush(each, 1, 5.0, None, None, 1, 1, 0, 0, 0, "agents_available") for each in targets.targets]
    first = await adapter.push(token(5, 1), entries, 10.0)
    again = await adapter.push(token(5, 1), entries, 10.0)
    late = await adapter.push(token(4, 9), entries, 10.0)
    foreign = await adapter.push(token(6, 1, "another-cluster"), entries, 10.0)
    await adapter.close()
    assert (first.status, first.message, first.replayed) == (PushStatus.ACCEPTED, "", False)
    assert [each.error for each in first.replies] == [None] * len(entries)
    assert all(each.pending is not None for each in first.replies)
    assert (again.status, again.replayed) == (PushStatus.ACCEPTED, True)
    assert (late.status, late.mark.epoch, late.mark.sequence) == (PushStatus.FENCED, 5, 1)
    assert foreign.status is PushStatus.FENCED
    async with httpx.AsyncClient() as client:
        seen = (await client.get(f"{centre['http']}/simulator/pushes?after=0")).json()["pushes"]
    parts = {each["part"] for each in seen if each["accepted"]}
    assert len(parts) == -(-len(entries) // 4)
