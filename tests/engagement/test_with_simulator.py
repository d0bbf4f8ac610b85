"""Both adapters against the simulated contact centre as a program of its own: what one reads, the other sends."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from pacing_node.discovery.discover import discover
from pacing_node.engagement.bulk import BulkPlatform
from pacing_node.engagement.engagement_settings import EngagementSettings
from pacing_node.engagement.oauth import TokenSource
from pacing_node.engagement.platform import PushStatus, TargetPush
from pacing_node.engagement.redaction import Redactor
from pacing_node.engagement.webhook import WebhookSettings
from pacing_node.http_client.client import ClientSettings, HttpClient
from pacing_node.objects.object_files import load_objects
from pacing_node.objects.platform_credentials import engagement_credentials
from pacing_node.statistics.api_statistics import api_statistics
from pacing_node.statistics.api_values import ApiDefinitions
from pacing_node.statistics.bridge_statistics import bridge_statistics
from tests.support.engagement_platform import token, within
from tests.support.waiting import still, until, until_blocking


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
        until_blocking(lambda: ready.exists() or process.poll() is not None, "the simulator is up")
        assert process.poll() is None, "the simulator ended"
        yield json.loads(ready.read_text()) | {"process": process}
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="module")
def objects(centre):
    return load_objects(Path(centre["objects_file"]))


@pytest.fixture(scope="module")
def targets(objects):
    return discover(objects)


async def values_arrived(source, targets):
    await source.start()
    source.watch(targets)
    await until(lambda: source.warmed_up and all(each.connected for each in source.health))


async def test_statistics_of_a_living_centre_are_complete_and_plausible(centre, targets):
    source = bridge_statistics(centre["statistics"]["primary"], centre["statistics"]["backup"])
    await values_arrived(source, targets)
    moved = 0.0

    def lively():
        """A snapshot, once somebody has come or gone since the first one."""
        nonlocal moved
        snapshot = source.snapshot(5.0)
        moved += float(snapshot.completed.sum() + snapshot.reactive_entered.sum())
        return snapshot if moved and snapshot.valid.all() else None

    snapshot = await until(lively)
    capacity = [source.channel_capacity("chat", frozenset({group.name}), 10.0) for group in targets.groups]
    invalid = source.invalid
    await source.stop()
    assert len(snapshot) == len(targets.targets) > 5
    assert snapshot.valid.all()
    assert snapshot.ready.sum() + snapshot.busy.sum() > 0
    assert (snapshot.logged_in >= snapshot.capable).all()
    assert sum(capacity) > 0
    assert {each.statistic for each in invalid} <= {"PACS_VQ_AverageHandleTime"}  # nothing has ended yet


async def test_the_statistics_api_says_the_same_as_the_feed(centre, objects, targets):
    """Two protocols, one centre: numbers of agents and slots agree, and reactive traffic is seen by definition."""
    found = engagement_credentials(objects)
    token_settings = EngagementSettings(
        base_auth_url=found.base_auth_url,
        base_service_url=found.base_service_url,
        client_id=found.client_id,
        password=found.password,
    )
    queue = dict(ApiDefinitions().queue)
    for name in ("PACS_VQ_Current", "PACS_VQ_Entered"):
        queue[name, ""] = {"statisticType": name, "filter": ""}
    queue["PACS_VQ_Entered", "PACS_Proactive_Interaction"] = {
        "statisticType": "PACS_VQ_Entered",
        "filter": "PACS_Proactive_Interaction",
    }
    async with HttpClient(ClientSettings(1024 * 1024, None)) as client:
        api = api_statistics(
            f"{centre['http']}/statistics/v3",
            api_key=SecretStr("any"),
            authority=TokenSource(client, token_settings, Redactor(())),
            definitions=ApiDefinitions(queue=queue),
        )
        feed = bridge_statistics(centre["statistics"]["primary"])
        await values_arrived(feed, targets)
        await values_arrived(api, targets)
        left = right = None

        def entered():
            nonlocal left, right
            left, right = feed.snapshot(5.0), api.snapshot(10.0)
            return right.reactive_entered.sum() > 0

        await until(entered, "reactive traffic is seen")
        missing = {each.statistic for each in api.invalid}
        await api.stop()
        await feed.stop()
    assert right.valid.all()
    assert missing == {"PACS_VQ_AverageHandleTime"}
    assert (right.capable <= right.logged_in).all()
    assert abs(left.logged_in - right.logged_in).sum() <= 3  # somebody may have come or gone between the two
    assert abs((left.ready + left.busy) - (right.ready + right.busy)).sum() <= 8


async def test_the_webhook_is_taken_replayed_and_fenced(centre, targets):
    adapter = BulkPlatform(WebhookSettings(f"{centre['http']}/webhook", max_entities_per_request=4))
    entries = [TargetPush(each, 1, 5.0, None, None, 1, 1, 0, 0, 0, "agents_available") for each in targets.targets]
    first = await adapter.push(token(7, 1), entries, within(10.0))
    again = await adapter.push(token(7, 1), entries, within(10.0))
    late = await adapter.push(token(6, 5), entries, within(10.0))
    await adapter.close()
    assert (first.status, first.message, first.replayed) == (PushStatus.ACCEPTED, "", False)
    assert all(each.error is None and each.pending is not None for each in first.replies)
    assert (again.status, again.replayed) == (PushStatus.ACCEPTED, True)
    assert (late.status, late.mark.epoch, late.mark.sequence) == (PushStatus.FENCED, 7, 1)


async def test_the_primary_dies_and_totals_jump_without_a_spike(centre, targets):
    source = bridge_statistics(centre["statistics"]["primary"], centre["statistics"]["backup"])
    await values_arrived(source, targets)
    stale_at = []

    def calm():
        """No snapshot counts a jump: the backup's totals began 517 ahead, and jump by 1000."""
        snapshot = source.snapshot(2.0)
        if not snapshot.valid.all():
            stale_at.append(time.monotonic())
        assert max(snapshot.accepted.max(), snapshot.abandoned.max(), snapshot.reactive_entered.max()) < 50
        return True

    await until(lambda: bool(source.snapshot(2.0).valid.all()))
    async with httpx.AsyncClient(base_url=centre["http"], timeout=30.0) as client:
        await still(calm, 1.0)
        fault = {"kind": "statistics_down", "server": "primary", "takeover_seconds": 0.5, "seconds": 60}
        (await client.post("/simulator/faults", json=fault)).raise_for_status()
        await until(lambda: calm() and source.active == "backup", "the backup has taken over")
        await still(calm, 1.0)
        (await client.post("/simulator/faults", json={"kind": "totals_jump", "by": 1000})).raise_for_status()
        await still(calm, 2.0)
        (await client.delete("/simulator/faults")).raise_for_status()
    await source.stop()
    assert not stale_at or stale_at[-1] - stale_at[0] < 0.5


async def test_a_push_is_taken_replayed_and_fenced(centre, objects, targets):
    found = engagement_credentials(objects)
    adapter = BulkPlatform(
        EngagementSettings(
            base_auth_url=found.base_auth_url,
            base_service_url=found.base_service_url,
            client_id=found.client_id,
            password=found.password,
            max_entities_per_request=4,
        )
    )
    entries = [TargetPush(each, 1, 5.0, None, None, 1, 1, 0, 0, 0, "agents_available") for each in targets.targets]
    first = await adapter.push(token(5, 1), entries, within(10.0))
    again = await adapter.push(token(5, 1), entries, within(10.0))
    late = await adapter.push(token(4, 9), entries, within(10.0))
    foreign = await adapter.push(token(6, 1, "another-cluster"), entries, within(10.0))
    await adapter.close()
    assert (first.status, first.message, first.replayed) == (PushStatus.ACCEPTED, "", False)
    assert [each.error for each in first.replies] == [None] * len(entries)
    assert all(each.pending is not None for each in first.replies)
    assert (again.status, again.replayed) == (PushStatus.ACCEPTED, True)
    assert (late.status, late.mark.epoch, late.mark.sequence) == (PushStatus.FENCED, 5, 1)
    assert foreign.status is PushStatus.FENCED
    async with httpx.AsyncClient(timeout=30.0) as client:
        seen = (await client.get(f"{centre['http']}/simulator/pushes?after=0")).json()["pushes"]
    parts = {each["part"] for each in seen if each["accepted"]}
    assert len(parts) == -(-len(entries) // 4)
