"""An access list that does not let a node in is reported once, with path, user and option, and asked less and less."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import structlog
from kazoo.client import KazooClient
from kazoo.security import OPEN_ACL_UNSAFE

from cluster.errors import NotAllowedError, TooLargeError
from cluster.mastership import ZooKeeperState
from cluster.security import ZooKeeperSecurity
from cluster.settings import DEFAULT_MESSAGE_BYTES
from cluster.zookeeper import paths
from tests.leadership.conftest import CLUSTER, Members
from tests.support.waiting import until

OWNER = ZooKeeperSecurity(user="pacing", password="a secret")
ROTATED = ZooKeeperSecurity(user="pacing", password="a guess")


def named(logs: list[Any], event: str) -> list[Any]:
    return [line for line in logs if line["event"] == event]


async def tree_of_another(members: Members) -> str:
    """Leave a tree that is open to ``OWNER`` only; returns its root."""
    first = await members.join("a", zookeeper_security=OWNER)
    await first.mastership.wait_for_term()
    await members.leave(first)
    return paths.locate(first.settings.zookeeper_hosts or "", CLUSTER)[1].root


def open_to_everybody(hosts: str, root: str) -> None:
    """What an operator does with setAcl -R."""
    client = KazooClient(hosts=hosts.partition("/")[0], auth_data=[("digest", f"{OWNER.user}:{OWNER.password}")])
    client.start()
    try:
        waiting = [root]
        while waiting:
            path = waiting.pop()
            waiting += [f"{path}/{name}" for name in client.get_children(path)]
            client.set_acls(path, OPEN_ACL_UNSAFE)
    finally:
        client.stop()
        client.close()


@pytest.mark.ensemble
@pytest.mark.parametrize(
    ("security", "identity"),
    [
        (ROTATED, 'user "pacing" of zookeeper.acl'),
        (ZooKeeperSecurity(), "nobody: neither zookeeper.acl nor zookeeper.sasl names a user"),
    ],
)
async def test_one_line_names_path_user_and_option_and_the_connection_stays(
    members: Members, monkeypatch: pytest.MonkeyPatch, security: ZooKeeperSecurity, identity: str
) -> None:
    monkeypatch.setattr("cluster.election.preparation.DENIED_RETRY_SECONDS", (0.05, 0.2))
    root = await tree_of_another(members)
    asked = 0

    with structlog.testing.capture_logs() as logs:
        other = await members.join("b", zookeeper_security=security)
        repair = other.mastership._repair  # type: ignore[attr-defined]  # how often it is tried shows nowhere else

        async def counted() -> bool:
            nonlocal asked
            asked += 1
            return bool(await repair())

        other.mastership._repair = counted  # type: ignore[attr-defined]
        await until(lambda: asked >= 5)

    (line,) = named(logs, "cluster.prepare_failed")
    assert line["error"] == f"ZooKeeper denies access to {root}/cluster-id for {identity}"
    assert [each["state"] for each in named(logs, "zookeeper.session")] == ["connected"]
    assert other.mastership.term is None


@pytest.mark.ensemble
async def test_a_node_joins_when_it_is_let_in(members: Members, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cluster.election.preparation.DENIED_RETRY_SECONDS", (0.05, 0.2))
    root = await tree_of_another(members)
    with structlog.testing.capture_logs() as logs:
        other = await members.join("b", zookeeper_security=ROTATED)
        await until(lambda: bool(named(logs, "cluster.prepare_failed")))
        await asyncio.to_thread(open_to_everybody, members.hosts, root)
        await until(lambda: other.mastership.term is not None)
        await until(lambda: bool(named(logs, "cluster.prepared")))


@pytest.mark.ensemble
async def test_a_denied_transaction_names_its_path(members: Members) -> None:
    root = await tree_of_another(members)
    other = await members.join("b", zookeeper_security=ROTATED)
    await until(lambda: other.status().zookeeper is ZooKeeperState.CONNECTED)
    with pytest.raises(NotAllowedError, match=f'denies access to {root}/config for user "pacing" of zookeeper.acl'):
        await other.documents.write(b"options", None)


@pytest.mark.ensemble
async def test_a_document_larger_than_zookeeper_takes_is_refused_before_it_is_sent(members: Members) -> None:
    member = await members.join("a")
    await member.mastership.wait_for_term()
    with structlog.testing.capture_logs() as logs:
        with pytest.raises(TooLargeError, match=r"/config: found 1200000 bytes; ZooKeeper takes at most 10\d{5} "):
            await member.documents.write(b"x" * 1_200_000, None)
        await asyncio.sleep(0)
    assert named(logs, "zookeeper.session") == [], "the connection was not broken off"

    largest = DEFAULT_MESSAGE_BYTES - 1024 - 100
    assert await member.documents.write(b"x" * largest, None) == 0
    document = await member.documents.read()
    assert document is not None
    assert len(document.data) == largest
