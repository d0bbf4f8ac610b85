"""Documents that a node without ZooKeeper keeps in files: commands write them too, while it runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
import structlog.testing

from cluster.backends import standalone
from cluster.errors import ConflictError, DamagedStateError, UnavailableError
from cluster.member import ClusterMember
from cluster.settings import ClusterSettings
from cluster.zookeeper.document_stores import LocalDocuments
from tests.support.waiting import until

OPTIONS = "site.document"


@pytest.fixture
async def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ClusterMember]:
    monkeypatch.setattr(standalone, "TOKENS_SECONDS", 0.01)
    member = ClusterMember(
        ClusterSettings("only", "site", None, clustering_port=0, state_directory=tmp_path), version="1"
    )
    await member.start()
    yield member
    await member.stop()


def errors(logs: list[MutableMapping[str, Any]]) -> list[str]:
    return [event["event"] for event in logs if event["log_level"] == "error"]


async def test_a_running_node_sees_what_a_command_writes(node: ClusterMember, tmp_path: Path) -> None:
    seen: list[bytes] = []
    node.documents.watch(lambda document: seen.append(document.data))
    await node.documents.write(b"first", None)

    command = LocalDocuments(tmp_path / OPTIONS)
    await command.load()
    await command.write(b"second", 0)

    await until(lambda: seen == [b"first", b"second"])


async def test_a_file_that_is_damaged_while_the_node_runs_is_told_once_and_the_rest_is_read_on(
    node: ClusterMember, tmp_path: Path
) -> None:
    await node.documents.write(b"good", None)
    with structlog.testing.capture_logs() as logs:
        (tmp_path / OPTIONS).write_bytes(b"version 7 bytes 100\ncut off")
        await until(lambda: any("expected 100" in fault for fault in node.faults))
        tokens = LocalDocuments(tmp_path / "site.access-tokens")
        await tokens.write(b"no tokens", None)
        await until(lambda: len(errors(logs)) > 1)
    assert errors(logs) == ["standalone.documents_unreadable", "access.tokens_refused"]

    await node.documents.write(b"mended", 0)
    await until(lambda: not node.faults)
    assert (tmp_path / OPTIONS).read_bytes() == b"version 1 bytes 6\nmended"


async def test_nothing_that_a_command_wrote_is_overwritten_unseen(tmp_path: Path) -> None:
    node, command = LocalDocuments(tmp_path / OPTIONS), LocalDocuments(tmp_path / OPTIONS)
    await node.write(b"first", None)
    await command.load()
    await command.write(b"of the command", 0)

    with pytest.raises(ConflictError):
        await node.write(b"of the node", 0)
    assert (await node.write(b"of the node, with both", 1)) == 2


async def test_of_two_writers_at_once_one_is_told_that_the_other_was_faster(tmp_path: Path) -> None:
    documents = LocalDocuments(tmp_path / OPTIONS)
    ended = await asyncio.gather(documents.write(b"one", None), documents.write(b"other", None), return_exceptions=True)
    assert sorted(type(each).__name__ for each in ended) == ["ConflictError", "int"]


async def test_a_directory_that_takes_no_files_is_named_and_nothing_has_changed(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the directory should be")
    documents = LocalDocuments(tmp_path / "state" / OPTIONS)
    with pytest.raises(UnavailableError, match=r"site\.document cannot be (read|written): not a directory"):
        await documents.write(b"text", None)
    assert await documents.read() is None


async def test_a_damaged_file_of_which_nothing_is_known_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / OPTIONS).write_bytes(b"???")
    with pytest.raises(DamagedStateError):
        await LocalDocuments(tmp_path / OPTIONS).write(b"text", None)
    assert (tmp_path / OPTIONS).read_bytes() == b"???"
