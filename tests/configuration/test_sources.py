"""Sources of configuration objects: files that change, and a pair of bridges over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest

from contact_center.v1 import configuration_pb2 as pb
from contact_center.v1 import configuration_pb2_grpc as pb_grpc
from pacing_node.objects.bridge_source import BridgeSettings, BridgeSource
from pacing_node.objects.file_source import FileSource
from pacing_node.objects.object_files import load_objects
from pacing_node.objects.sources import ConfigurationSource, configuration_source
from pacing_node.options.connections import ConfigServer
from tests.support.waiting import still, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pacing_node.objects.object_model import ConfigurationObjects

QUICK = BridgeSettings(silence_seconds=1.0, first_delay_seconds=0.02, longest_delay_seconds=0.1)


class Follower:
    """Runs a source and keeps what it hands on."""

    def __init__(self, source: ConfigurationSource) -> None:
        self.source = source
        self.seen: list[ConfigurationObjects] = []

    @property
    def agents(self) -> list[list[str]]:
        return [[agent.user_name for agent in objects.agents] for objects in self.seen]


@contextlib.asynccontextmanager
async def following(source: ConfigurationSource) -> AsyncIterator[Follower]:
    follower = Follower(source)
    task = asyncio.create_task(source.run(follower.seen.append))
    try:
        yield follower
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def write(path: Path, text: str) -> None:
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)


async def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "objects.yaml"
    write(path, "agents: [{user_name: a1}]")

    async with following(FileSource(path, poll_seconds=0.02)) as follower:
        await until(lambda: len(follower.seen) == 1)
        write(path, "agents: [{user_name: a1}, {user_name: a2}]")
        await until(lambda: len(follower.seen) == 2)

        assert follower.agents == [["a1"], ["a1", "a2"]]
        assert follower.source.status.connected
        assert follower.source.status.version == follower.seen[1].version


async def test_a_change_within_the_same_time_stamp_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "objects.yaml"
    path.write_text("agents: [{user_name: a1}]")
    stamp = time.time_ns()
    os.utime(path, ns=(stamp, stamp))

    async with following(FileSource(path, poll_seconds=0.02)) as follower:
        await until(lambda: len(follower.seen) == 1)
        path.write_text("agents: [{user_name: a2}]")
        os.utime(path, ns=(stamp, stamp))
        await until(lambda: len(follower.seen) == 2)


async def test_a_file_from_the_future_is_not_read_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[Path] = []

    def counted(path: Path) -> ConfigurationObjects:
        reads.append(path)
        return load_objects(path)

    monkeypatch.setattr("pacing_node.objects.file_source.load_objects", counted)
    monkeypatch.setattr("pacing_node.objects.file_source.SETTLE_SECONDS", 0.1)
    looks: list[Path] = []
    monkeypatch.setattr("pacing_node.objects.file_source.object_files", lambda path: looks.append(path) or (path,))
    path = tmp_path / "objects.yaml"
    write(path, "agents: [{user_name: a1}]")
    os.utime(path, (time.time() + 86_400.0,) * 2)

    async with following(FileSource(path, poll_seconds=0.01)) as follower:
        await until(lambda: len(looks) - len(reads) > 20)
        write(path, "agents: [{user_name: a2}]")
        await until(lambda: follower.agents == [["a1"], ["a2"]])


async def test_a_pipe_in_place_of_the_file_is_refused_and_holds_nothing_up(tmp_path: Path) -> None:
    path = tmp_path / "objects.yaml"
    write(path, "agents: [{user_name: a1}]")

    async with following(FileSource(path, poll_seconds=0.01)) as follower:
        await until(lambda: len(follower.seen) == 1)
        path.unlink()
        os.mkfifo(path)
        await until(lambda: any("found a pipe or a device" in each for each in follower.source.status.problems))
        path.unlink()
        write(path, "agents: [{user_name: a2}]")
        await until(lambda: follower.agents == [["a1"], ["a2"]])


async def test_an_unchanged_file_is_handed_on_once(tmp_path: Path) -> None:
    path = tmp_path / "objects.yaml"
    write(path, "agents: [{user_name: a1}]")

    async with following(FileSource(path, poll_seconds=0.01)) as follower:
        await until(lambda: len(follower.seen) == 1)
        write(path, "agents:  [{user_name: a1}]   # the same in other words")
        os.utime(path)
        await still(lambda: len(follower.seen) == 1, 0.2)  # it looks twenty times meanwhile


async def test_a_bad_change_keeps_the_objects_and_says_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "objects.yaml"
    write(path, "agents: [{user_name: a1}]")

    async with following(FileSource(path, poll_seconds=0.02)) as follower:
        await until(lambda: len(follower.seen) == 1)
        version = follower.source.status.version
        write(path, "agents: [{user_name: a1}, {user_name\n")
        await until(lambda: not follower.source.status.connected)

        (problem,) = follower.source.status.problems
        assert problem.startswith(f"{path}:2:1: found a syntax error")
        assert follower.source.status.version == version
        assert len(follower.seen) == 1

        write(path, "agents: [{user_name: a1}, {user_name: a2}]")
        await until(lambda: len(follower.seen) == 2)
        assert follower.source.status.problems == ()


async def test_a_file_that_goes_and_comes_back_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "objects.yaml"

    async with following(FileSource(path, poll_seconds=0.02)) as follower:
        await until(lambda: bool(follower.source.status.problems))
        assert follower.source.status.problems == (
            f"{path}: found no such file or directory; allowed: a readable file",
        )

        write(path, "agents: [{user_name: a1}]")
        await until(lambda: len(follower.seen) == 1)
        kept = path.rename(tmp_path / "away")
        await until(lambda: not follower.source.status.connected)
        kept.rename(path)
        await until(lambda: follower.source.status.connected)

        assert len(follower.seen) == 1


async def test_a_new_file_in_a_directory_counts_as_a_change(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", "agents: [{user_name: a1}]")

    async with following(FileSource(tmp_path, poll_seconds=0.02)) as follower:
        await until(lambda: len(follower.seen) == 1)
        write(tmp_path / "b.yaml", "agents: [{user_name: b1}]")
        await until(lambda: len(follower.seen) == 2)

        assert follower.agents[1] == ["a1", "b1"]


async def test_the_objects_of_another_tenant_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "objects.yaml"
    write(path, "tenant: Other")

    async with following(FileSource(path, "Environment", poll_seconds=0.02)) as follower:
        await until(lambda: bool(follower.source.status.problems))

        assert follower.source.status.problems == (
            f"{path}: tenant: found 'Other'; allowed: 'Environment', the tenant of the cluster",
        )
        assert follower.seen == []


async def test_an_error_of_whoever_uses_the_objects_does_not_end_the_source(tmp_path: Path) -> None:
    path = tmp_path / "objects.yaml"
    write(path, "agents: [{user_name: a1}]")
    calls: list[str] = []

    def fail(objects: ConfigurationObjects) -> None:
        calls.append(objects.version)
        raise RuntimeError("cannot use this")

    task = asyncio.create_task(FileSource(path, poll_seconds=0.02).run(fail))
    await until(lambda: calls)
    write(path, "agents: [{user_name: a2}]")
    await until(lambda: len(calls) == 2)
    task.cancel()


class Bridge(pb_grpc.ConfigurationServiceServicer):
    """A small bridge: answers with its objects, again whenever they change, or stays silent."""

    def __init__(self, *agents: str, version: str = "1") -> None:
        self.agents = agents
        self.signs = 0
        self.version = version
        self.silent = False
        self.requests: list[tuple[str, str]] = []
        self.changed = asyncio.Event()
        self.server: grpc.aio.Server | None = None
        self.address = ""

    async def start(self, address: str = "127.0.0.1:0") -> None:
        self.server = grpc.aio.server(options=[("grpc.so_reuseport", 0), ("grpc.http2.max_ping_strikes", 0)])
        pb_grpc.add_ConfigurationServiceServicer_to_server(self, self.server)
        port = self.server.add_insecure_port(address)
        self.address = f"127.0.0.1:{port}"
        await self.server.start()

    async def stop(self) -> None:
        if self.server is not None:
            await self.server.stop(0)

    def change(self, *agents: str, version: str) -> None:
        self.agents, self.version = agents, version
        self.changed.set()

    async def Watch(
        self, request: pb.WatchRequest, context: grpc.aio.ServicerContext[pb.WatchRequest, pb.WatchResponse]
    ) -> AsyncIterator[pb.WatchResponse]:
        self.requests.append((request.tenant, request.known_version))
        if request.tenant == "Nobody":
            await context.abort(grpc.StatusCode.NOT_FOUND, "no tenant Nobody")
        known = request.known_version
        while True:
            if self.silent:
                await asyncio.Event().wait()
            if known == self.version:
                self.signs += 1
                yield pb.WatchResponse(version=known, unchanged=True)
            else:
                known = self.version
                agents = [pb.Agent(user_name=name, enabled=True) for name in self.agents]
                yield pb.WatchResponse(version=known, objects=pb.ConfigurationObjects(agents=agents))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    await self.changed.wait()
            self.changed.clear()


@pytest.fixture
async def pair() -> AsyncIterator[tuple[Bridge, Bridge]]:
    primary, backup = Bridge("p1"), Bridge("b1")
    await primary.start()
    await backup.start()
    yield primary, backup
    await primary.stop()
    await backup.stop()


def source_of(*bridges: Bridge, tenant: str = "") -> BridgeSource:
    return BridgeSource(tuple(bridge.address for bridge in bridges), tenant, QUICK)


async def test_a_change_at_the_bridge_arrives(pair: tuple[Bridge, Bridge]) -> None:
    primary, backup = pair

    async with following(source_of(primary, backup, tenant="Environment")) as follower:
        await until(lambda: len(follower.seen) == 1)
        primary.change("p1", "p2", version="2")
        await until(lambda: len(follower.seen) == 2)

        assert follower.agents == [["p1"], ["p1", "p2"]]
        assert (follower.source.status.place, follower.source.status.version) == (primary.address, "2")
        assert primary.requests == [("Environment", "")]
        assert backup.requests == []


async def test_signs_of_life_keep_the_connection_and_hand_on_nothing(pair: tuple[Bridge, Bridge]) -> None:
    primary, _ = pair

    async with following(source_of(primary)) as follower:
        await until(lambda: len(follower.seen) == 1)
        signs = primary.signs
        await until(lambda: primary.signs >= signs + 5)

        assert len(follower.seen) == 1
        assert len(primary.requests) == 1
        assert follower.source.status.connected


async def test_the_backup_takes_over_from_a_primary_that_died(pair: tuple[Bridge, Bridge]) -> None:
    primary, backup = pair

    async with following(source_of(primary, backup)) as follower:
        await until(lambda: len(follower.seen) == 1)
        await primary.stop()
        await until(lambda: len(follower.seen) == 2)

        assert follower.agents == [["p1"], ["b1"]]
        assert follower.source.status.place == backup.address
        assert backup.requests == [("", "")], "versions of different servers are never compared"


async def test_the_backup_takes_over_from_a_primary_that_went_silent(pair: tuple[Bridge, Bridge]) -> None:
    primary, backup = pair

    async with following(source_of(primary, backup)) as follower:
        await until(lambda: len(follower.seen) == 1)
        primary.silent = True
        await until(lambda: len(follower.seen) == 2)

        assert follower.source.status.place == backup.address


async def test_a_server_that_returns_is_told_what_is_known(pair: tuple[Bridge, Bridge]) -> None:
    primary, _ = pair

    async with following(source_of(primary)) as follower:
        await until(lambda: len(follower.seen) == 1)
        await primary.stop()
        await until(lambda: not follower.source.status.connected)
        assert "UNAVAILABLE" in follower.source.status.problems[0]
        await primary.start(primary.address)
        await until(lambda: follower.source.status.connected)

        assert primary.requests[-1] == ("", "1")
        assert len(follower.seen) == 1


async def test_a_refusal_is_reported_and_tried_again(pair: tuple[Bridge, Bridge]) -> None:
    primary, backup = pair

    async with following(source_of(primary, backup, tenant="Nobody")) as follower:
        await until(lambda: len(primary.requests) > 2 and len(backup.requests) > 2)

        assert follower.source.status.problems[0].endswith(": NOT_FOUND: no tenant Nobody")
        assert follower.seen == []


@pytest.mark.parametrize("both", [False, True], ids=["one_server", "a_pair"])
async def test_servers_that_break_off_again_and_again_are_asked_less_and_less(
    pair: tuple[Bridge, Bridge], monkeypatch: pytest.MonkeyPatch, both: bool
) -> None:
    async def once(self: Bridge, request: pb.WatchRequest, context: object) -> AsyncIterator[pb.WatchResponse]:
        del context
        self.requests.append((request.tenant, request.known_version))
        yield pb.WatchResponse(version=str(len(self.requests)), objects=pb.ConfigurationObjects())

    monkeypatch.setattr(Bridge, "Watch", once)
    primary, backup = await _restarted(pair[0]), await _restarted(pair[1])
    addresses = (primary.address, backup.address) if both else (primary.address,)
    source = BridgeSource(addresses, "", BridgeSettings(first_delay_seconds=0.05, longest_delay_seconds=10.0))

    async with following(source):
        await until(lambda: len(primary.requests) + len(backup.requests) >= 4)
        await still(lambda: len(primary.requests) + len(backup.requests) <= 20, 2.0)


async def _restarted(bridge: Bridge) -> Bridge:
    """The same bridge with what it does now."""
    await bridge.stop()
    await bridge.start()
    return bridge


async def test_objects_nobody_foresaw_do_not_end_a_source(
    pair: tuple[Bridge, Bridge], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "objects.yaml"
    write(path, "agents: [{user_name: a1}]")

    def broken(*_: object, **__: object) -> None:
        raise RecursionError("too deep")

    monkeypatch.setattr("pacing_node.objects.file_source.load_objects", broken)
    monkeypatch.setattr("pacing_node.objects.bridge_source.objects_from_feed", broken)
    sources: list[ConfigurationSource] = [FileSource(path, poll_seconds=0.02), source_of(*pair)]
    for source in sources:
        async with following(source) as follower:
            await until(lambda: bool(follower.source.status.problems))
            assert "unexpected" in follower.source.status.problems[0]
            assert follower.seen == []


def test_the_kind_of_the_options_chooses_the_adapter() -> None:
    file = configuration_source(ConfigServer(path=Path("objects.yaml")), "Environment")
    bridge = configuration_source(ConfigServer(kind="bridge", primary="a:1", backup="b:2"), "Environment")

    assert (file.status.kind, file.status.place) == ("file", "objects.yaml")
    assert (bridge.status.kind, bridge.status.place) == ("bridge", "a:1")


async def test_a_young_file_is_read_again_only_when_its_content_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[Path] = []
    looks: list[Path] = []

    def counted(path: Path) -> ConfigurationObjects:
        reads.append(path)
        return load_objects(path)

    monkeypatch.setattr("pacing_node.objects.file_source.load_objects", counted)
    monkeypatch.setattr("pacing_node.objects.file_source.SETTLE_SECONDS", 3600.0)
    monkeypatch.setattr("pacing_node.objects.file_source.object_files", lambda path: looks.append(path) or (path,))
    path = tmp_path / "objects.yaml"
    write(path, "agents: [{user_name: a1}]")

    async with following(FileSource(path, poll_seconds=0.01)) as follower:
        await until(lambda: len(looks) > 5)
        assert len(reads) == 1
        write(path, "agents: [{user_name: 1, user_name: 2}]")
        await until(lambda: not follower.source.status.connected)
        write(path, "agents: [{user_name: a1}]")
        await until(lambda: follower.source.status.connected)
        assert follower.agents == [["a1"]]
