"""Which cluster this is: remembered by its nodes, never given up for what a ZooKeeper without its data says."""

from __future__ import annotations

import contextlib
import uuid
from typing import TYPE_CHECKING

import pytest
from kazoo.client import KazooClient

from cluster.zookeeper import paths
from tests.leadership.conftest import CLUSTER, Members
from tests.support.waiting import still, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cluster.mastership import Term
    from cluster.member import ClusterMember

pytestmark = pytest.mark.ensemble

OTHER = str(uuid.uuid4())


class Identity:
    """The entry that names the cluster, in the hands of somebody else."""

    def __init__(self, client: KazooClient, hosts: str) -> None:
        self._client = client
        self._path = paths.locate(hosts, CLUSTER)[1].cluster_id

    @property
    def content(self) -> str:
        return self._client.get(self._path)[0].decode()

    @content.setter
    def content(self, content: str) -> None:
        self._client.set(self._path, content.encode())

    def delete(self) -> None:
        self._client.delete(self._path)


@pytest.fixture
def identity(zookeeper_hosts: str) -> Iterator[Identity]:
    client = KazooClient(zookeeper_hosts.partition("/")[0])
    client.start()
    with contextlib.closing(client):
        yield Identity(client, zookeeper_hosts)
        client.stop()


async def began(member: ClusterMember, *, after: Term | None = None) -> Term:
    """A term of a member, other than the given one."""
    await until(lambda: member.mastership.term not in {None, after}, "a term of it begins")
    assert member.mastership.term is not None
    return member.mastership.term


async def remembering(members: Members, directory: Path) -> tuple[str, Path]:
    """The identity that a node has made and remembers, after it has left; and where it does."""
    member = await members.join("a", state_directory=directory)
    made = (await began(member)).cluster_id
    file = directory / f"{CLUSTER}.cluster-id"
    await until(file.exists)
    await members.leave(member)
    assert file.read_text().strip() == made
    return made, file


async def test_what_a_node_remembers_is_not_overwritten_by_an_identity_that_somebody_made_anew(
    members: Members, identity: Identity, tmp_path: Path
) -> None:
    remembered, file = await remembering(members, tmp_path)
    identity.content = OTHER
    member = await members.join("a", state_directory=tmp_path)
    assert (await began(member)).cluster_id == OTHER
    await members.leave(member)
    assert file.read_text().strip() == remembered
    assert identity.content == OTHER, "nor is what ZooKeeper says, before the receiver has spoken"


async def test_a_master_refused_as_foreign_writes_the_receivers_identity_back_if_it_remembers_it(
    members: Members, identity: Identity, tmp_path: Path
) -> None:
    remembered, _ = await remembering(members, tmp_path)
    identity.content = OTHER
    member = await members.join("a", state_directory=tmp_path)
    foreign = await began(member)
    newcomer = await members.join("b")
    await until(lambda: newcomer.status().cluster_id == foreign.cluster_id == OTHER)
    foreign.fenced(remembered, 41, 7)

    later = await until(lambda: [each for each in members.masters() if each.mastership.term is not foreign])
    successor = later[0]
    assert identity.content == remembered
    mended = await began(successor)
    assert mended.cluster_id == remembered, "the others follow"
    assert mended.epoch > 41, "above the receiver's mark at once"


async def test_an_identity_nobody_remembers_leaves_the_decision_to_an_operator(
    members: Members, identity: Identity, tmp_path: Path
) -> None:
    remembered, _ = await remembering(members, tmp_path)
    member = await members.join("a", state_directory=tmp_path)
    term = await began(member)
    term.fenced(OTHER, 41, 7)
    await still(lambda: member.mastership.term is None, seconds=1.5)
    assert identity.content == remembered


@pytest.mark.parametrize("damaged", ["", "no identity at all", "9" * 5000])
async def test_a_damaged_identity_is_mended_by_who_remembers_it_and_waited_for_by_who_does_not(
    members: Members, identity: Identity, tmp_path: Path, damaged: str
) -> None:
    remembered, _ = await remembering(members, tmp_path)
    identity.content = damaged
    newcomer = await members.join("b")
    await still(lambda: newcomer.mastership.term is None, seconds=1.5)
    assert identity.content == damaged
    await members.join("a", state_directory=tmp_path)
    await until(members.masters)
    assert identity.content == remembered
    term = members.masters()[0].mastership.term
    assert term is not None
    assert term.cluster_id == remembered


async def test_one_that_is_gone_from_a_tree_that_is_there_is_made_anew_by_nobody(
    members: Members, identity: Identity, tmp_path: Path
) -> None:
    remembered, _ = await remembering(members, tmp_path)
    identity.delete()
    newcomer = await members.join("b")
    await still(lambda: newcomer.mastership.term is None, seconds=1.5)
    await members.join("a", state_directory=tmp_path)
    await until(members.masters)
    assert identity.content == remembered


async def test_a_node_with_the_state_directory_of_another_cluster_is_named_and_changes_nothing(
    members: Members, identity: Identity, tmp_path: Path
) -> None:
    a = await members.join("a")
    await members.master()
    right = identity.content
    file = tmp_path / f"{CLUSTER}.cluster-id"
    file.write_text(f"{OTHER}\n")
    b = await members.join("b", state_directory=tmp_path)
    await until(lambda: b.faults, "it names what it remembers")
    assert OTHER in b.faults[0]
    assert right in b.faults[0]
    assert a.faults == ()
    await until(lambda: len(a.members()) == 2)
    await a.step_down("a test")
    await members.master(other_than=a)
    assert b.status().cluster_id == identity.content == right
    assert file.read_text() == f"{OTHER}\n"
