"""A node without ZooKeeper: master of itself, with an epoch that never goes back."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from cluster.backends.standalone import EpochFile
from cluster.errors import AlreadyRunningError, ConflictError, DamagedStateError, RefusedError
from cluster.mastership import EndCause, Role, ZooKeeperState
from cluster.member import ClusterMember
from cluster.settings import ClusterSettings
from tests.support.waiting import PATIENCE_SECONDS, until

if TYPE_CHECKING:
    from pathlib import Path


def alone(directory: Path | None, **options) -> ClusterMember:
    settings = ClusterSettings(
        node="only",
        cluster="site",
        zookeeper_hosts=None,
        clustering_port=0,
        state_directory=directory,
        cooldown_seconds=0.2,
        **options,
    )
    return ClusterMember(settings, version="1")


async def epoch_of_one_run(directory: Path) -> tuple[str, int]:
    member = alone(directory)
    await member.start()
    term = await member.mastership.wait_for_term()
    await member.stop()
    return term.cluster_id, term.epoch


async def test_every_run_has_a_higher_epoch_of_the_same_cluster(tmp_path: Path) -> None:
    first, second = await epoch_of_one_run(tmp_path), await epoch_of_one_run(tmp_path)
    assert second == (first[0], first[1] + 1)


async def test_it_may_always_act_and_says_that_it_is_alone(tmp_path: Path) -> None:
    member = alone(tmp_path)
    await member.start()
    status = member.status()
    assert (status.role, status.zookeeper, status.state) == (Role.MASTER, ZooKeeperState.STANDALONE, "serving")
    term = await member.mastership.wait_for_term()
    assert term.act_until(1.0) is not None
    assert [term.next_token().sequence for _ in range(3)] == [1, 2, 3]
    assert [status.info.name for status in await member.ask_members()] == ["only"]
    await member.stop()
    assert term.act_until(1.0) is None
    assert term.cause is EndCause.RESIGNED


@pytest.mark.parametrize("paused", [False, True])
async def test_a_term_whose_epoch_cannot_be_kept_now_begins_when_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, paused: bool
) -> None:
    """The disk is full when a term ends, by an order or a fence, or when a pause ends."""
    monkeypatch.setattr("cluster.backends.standalone.BEGIN_SECONDS", (0.01, 0.01))
    member = alone(tmp_path)
    await member.start()
    first = await member.mastership.wait_for_term()
    failures = iter([OSError(28, "No space left on device")] * 3)
    keep = EpochFile.next

    def full(file: EpochFile, least: int = 0) -> tuple[str, int]:
        if (failure := next(failures, None)) is not None:
            raise failure
        return keep(file, least)

    monkeypatch.setattr(EpochFile, "next", full)
    if paused:
        await member.pause("somebody", 60.0)
        await until(lambda: member.paused is not None)
    await member.mastership.step_down()
    if paused:
        await until(lambda: member.mastership._due is not None)
        await member.resume("somebody")
    second = await member.mastership.wait_for_term()
    await member.stop()

    assert next(failures, None) is None
    assert second.epoch == first.epoch + 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"17",
        b"not-a-uuid 5",
        b"6c1d9d5e-8a6c-4c5b-9d4e-0f0c7c6a1b2c minus",
        b"6c1d9d5e-8a6c-4c5b-9d4e-0f0c7c6a1b2c 999999999999999\n",
        b"6c1d9d5e-8a6c-4c5b-9d4e-0f0c7c6a1b2c 12",
    ],
)
async def test_a_damaged_epoch_file_stops_the_node_and_is_left_alone(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "site.epoch"
    file.write_bytes(content)
    with pytest.raises(DamagedStateError, match=r"site\.epoch"):
        await alone(tmp_path).start()
    assert file.read_bytes() == content
    file.unlink()
    assert (await epoch_of_one_run(tmp_path))[1] == 1


async def test_a_second_process_cannot_share_the_directory(tmp_path: Path) -> None:
    first = alone(tmp_path)
    await first.start()
    with pytest.raises(AlreadyRunningError, match="another process"):
        await alone(tmp_path).start()
    await first.stop()


async def test_a_receiver_that_knows_more_raises_the_epoch_above_it(tmp_path: Path) -> None:
    member = alone(tmp_path)
    await member.start()
    term = await member.mastership.wait_for_term()
    term.fenced(term.cluster_id, 41, 7)
    assert term.cause is EndCause.FENCED
    assert (await asyncio.wait_for(member.mastership.wait_for_term(), PATIENCE_SECONDS)).epoch == 42
    await member.stop()
    assert (await epoch_of_one_run(tmp_path))[1] == 43


async def test_it_steps_down_for_nobody_by_order(tmp_path: Path) -> None:
    member = alone(tmp_path)
    await member.start()
    with pytest.raises(RefusedError, match="runs alone: nobody could take over"):
        await member.step_down("an operator")
    assert member.mastership.term is not None
    await member.stop()


async def test_stepping_down_pauses_it(tmp_path: Path) -> None:
    member = alone(tmp_path)
    await member.start()
    assert await member.mastership.step_down()
    assert member.mastership.term is None
    assert (await asyncio.wait_for(member.mastership.wait_for_term(), PATIENCE_SECONDS)).epoch == 2
    await member.stop()


async def test_the_document_survives_a_restart_with_its_version(tmp_path: Path) -> None:
    member = alone(tmp_path)
    await member.start()
    assert await member.documents.write(b"one\ntwo", None) == 0
    assert await member.documents.write(b"three\n\nfour", 0) == 1
    with pytest.raises(ConflictError):
        await member.documents.write(b"late", 0)
    await member.stop()
    again = alone(tmp_path)
    await again.start()
    document = await again.documents.read()
    assert document is not None
    assert (document.data, document.version) == (b"three\n\nfour", 1)
    await again.stop()


async def test_a_damaged_document_stops_the_node(tmp_path: Path) -> None:
    (tmp_path / "site.document").write_bytes(b"garbage")
    with pytest.raises(DamagedStateError, match=r"site\.document"):
        await alone(tmp_path).start()


async def test_a_state_file_that_was_cut_off_anywhere_stops_the_node_or_has_lost_nothing(tmp_path: Path) -> None:
    member = alone(tmp_path)
    await member.start()
    await member.documents.write(b"pacing:\n  refreshPeriod: 5\n", None)
    await member.stop()
    for file in (tmp_path / "site.document", tmp_path / "site.epoch"):
        whole = file.read_bytes()
        for length in range(len(whole)):
            file.write_bytes(whole[:length])
            with pytest.raises(DamagedStateError, match=file.name):
                await alone(tmp_path).start()
            assert file.read_bytes() == whole[:length]
        file.write_bytes(whole)
    again = alone(tmp_path)
    await again.start()
    assert again.status().epoch > 1
    await again.stop()


async def test_a_document_of_a_version_that_wrote_no_length_is_read(tmp_path: Path) -> None:
    (tmp_path / "site.document").write_bytes(b"version 7\nthree")
    member = alone(tmp_path)
    await member.start()
    document = await member.documents.read()
    assert document is not None
    assert (document.data, document.version) == (b"three", 7)
    await member.stop()


async def test_without_a_directory_epochs_still_grow_from_run_to_run() -> None:
    epochs = []
    for _ in range(2):
        member = alone(None)
        await member.start()
        epochs.append((await member.mastership.wait_for_term()).epoch)
        await member.stop()
        await until(lambda: time.time() >= epochs[-1] + 1.0, "epochs count seconds")
    assert epochs[1] > epochs[0] > 1_600_000_000
