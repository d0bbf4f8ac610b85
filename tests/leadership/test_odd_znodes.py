"""Whatever ZooKeeper holds is read: entry by entry, without an exception, and fit for every page and every command."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
from types import SimpleNamespace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from kazoo.client import KazooClient

from cluster.election.failsafe_members import FailsafeMember, decode_failsafe_list
from cluster.election.state_machine import HIGHEST_MARK
from cluster.errors import DamagedStateError, UnavailableError
from cluster.member import ClusterMember
from cluster.peers.peer_client import PeerClient
from cluster.rpc.peer_pb2 import PromiseRequest
from cluster.zookeeper import paths
from cluster.zookeeper.history_entries import decode_entry, with_gaps
from cluster.zookeeper.membership import decode_member
from cluster.zookeeper.pause import decode_pause, pause_faults
from pacing_node.api.cluster_page import cluster_page
from simulator.harness.zookeeper import Ensemble
from tests.leadership.conftest import CLUSTER, Members
from tests.support.waiting import until

FIELDS = (
    *("epoch", "node", "began_at", "previous", "ended_at", "cause", "first_action_at", "last_action_at"),
    *("name", "http", "clustering", "version", "started_at", "by", "until", "resumed_by", "at"),
    *("members", "promise_seconds", "longest_seconds"),
)
TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=12)
NUMBERS = st.one_of(
    st.integers(),
    st.floats(),
    st.sampled_from([10**400, -1, 0, 1767323045000, 1e308, math.inf, math.nan, 1767323045.5]),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=6,
)
OBJECTS = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=10).map(lambda each: json.dumps(each).encode())
ZNODES = st.one_of(OBJECTS, st.binary(max_size=60), VALUES.map(lambda each: json.dumps(each).encode()))
NESTED = b"[" * 100_000
HUGE = b'{"epoch": ' + b"9" * 5000 + b"}"


def fit(value: object) -> None:
    """Fails unless every output takes it: JSON without NaN, UTF-8, one line for a terminal."""
    json.dumps(value, ensure_ascii=False, allow_nan=False).encode()


@given(ZNODES)
@example(NESTED)
@example(HUGE)
def test_every_history_entry(data: bytes):
    (entry,) = with_gaps([decode_entry(7, data)])
    fit([entry.epoch, entry.node, entry.began_at, entry.previous, entry.ended_at, entry.cause, list(entry.broken)])


@given(TEXT, ZNODES)
@example("a", NESTED)
@example("a", b'{"started_at": 1e999}')
def test_every_member(name: str, data: bytes):
    member = decode_member(name, data)
    fit([member.name, member.http, member.clustering, member.version, member.started_at, list(member.broken)])


@given(ZNODES)
@example(NESTED)
@example(b'{"by": "x", "began_at": 5.0, "until": 1e999}')
def test_every_pause(data: bytes):
    pause = decode_pause(data)
    fit([list(pause_faults(data)), pause and [pause.by, pause.began_at, pause.until, list(pause.broken)]])


@given(ZNODES)
@example(NESTED)
@example(HUGE)
def test_every_master(data: bytes):
    fit(paths.decode_master(data))


@given(st.one_of(ZNODES, st.integers(0, 10**30).map(lambda each: f"{each} node-1".encode())))
@example(b"9" * 5000)
def test_every_epoch(data: bytes):
    fit([paths.decode_successor(data), paths.decode_ended_clean(data)])
    with contextlib.suppress(DamagedStateError):
        assert paths.decode_epoch(data, "/epoch") < 2**63


@pytest.mark.parametrize("epoch", [HIGHEST_MARK, HIGHEST_MARK + 1, paths.HIGHEST_EPOCH])
def test_an_epoch_that_a_receiver_has_raised_is_taken_and_the_next_ones_too(epoch: int):
    assert paths.decode_epoch(f"{epoch} a".encode(), "/epoch") == epoch


@pytest.mark.parametrize("epoch", [paths.HIGHEST_EPOCH + 1, 10**15, 10**18 - 1])
def test_an_epoch_beyond_every_mark_is_damage_and_reaches_no_receiver(epoch: int):
    with pytest.raises(DamagedStateError, match="expected a number up to"):
        paths.decode_epoch(f"{epoch} a".encode(), "/epoch")


@given(ZNODES)
@example(NESTED)
@example(b'{"members": [], "promise_seconds": 1e999, "longest_seconds": 1}')
def test_every_failsafe_list(data: bytes):
    with contextlib.suppress(DamagedStateError):
        found = decode_failsafe_list(data, "/failsafe")
        assert found is None or math.isfinite(found.longest_seconds + found.promise_seconds)


@pytest.mark.ensemble
async def test_pages_show_what_is_broken_and_everything_else(
    members: Members, ensemble: Ensemble, zookeeper_hosts: str
) -> None:
    a = await members.join("a")
    await members.master()
    _, place = paths.locate(zookeeper_hosts, CLUSTER)
    odd = {
        f"{place.history}/0000000000": b'{"node": "n", "began_at": 1e999, "ended_at": "x"}',
        f"{place.history}/strange": b"",
        f"{place.members}/odd": b'{"http": "\\ud83d", "clustering": "127.0.0.1:1", "started_at": 1e999}',
        f"{place.members}/none": b"\xff",
        place.pause: b'{"by": 7}',
    }
    client = KazooClient(hosts=ensemble.hosts)
    await asyncio.to_thread(client.start)
    try:
        for path, data in odd.items():
            await asyncio.to_thread(client.ensure_path, path)
            await asyncio.to_thread(client.set, path, data)
        await until(lambda: len(a.members()) == 3 and a.faults)
        page = await cluster_page(a, cluster=CLUSTER, standalone=False)
    finally:
        await asyncio.to_thread(client.stop)
        await asyncio.to_thread(client.close)
    fit(page)
    broken = {each["name"]: each["broken"] for each in page["members"]}
    assert (broken["a"], bool(broken["odd"]), bool(broken["none"])) == ([], True, True)
    assert page["broken"] == [
        "pause: by: found 7, expected text",
        "pause: began_at: found nothing, expected a time in Unix seconds",
    ]
    epochs = {each["epoch"]: each["broken"] for each in page["history"]}
    assert epochs[1] == []
    assert "began_at: found inf" in epochs[0][0] or "strange" in epochs[0][0]
    assert [each["master"] for each in [page]] == ["a"]


@pytest.mark.ensemble
async def test_an_epoch_that_was_mended_is_broken_no_more_for_any_node(
    members: Members, ensemble: Ensemble, zookeeper_hosts: str
) -> None:
    a, b = await members.join("a"), await members.join("b")
    await members.master()
    _, place = paths.locate(zookeeper_hosts, CLUSTER)
    client = KazooClient(hosts=ensemble.hosts)
    await asyncio.to_thread(client.start)
    try:
        await asyncio.to_thread(client.set, place.epoch, b"garbage")
        await until(lambda: a.faults and b.faults)
        await asyncio.to_thread(client.set, place.epoch, b"7 a")
        await members.master()
        await until(lambda: not a.faults and not b.faults)
    finally:
        await asyncio.to_thread(client.stop)
        await asyncio.to_thread(client.close)


def test_a_pause_whose_end_cannot_be_read_lasts_for_a_day():
    pause = decode_pause(b'{"by": "x", "began_at": 5.0, "until": 1e999}')
    assert pause is not None
    assert pause.until == 86_405.0
    assert "until: found inf" in pause.broken[0]


def test_a_document_that_is_no_pause_is_named():
    assert pause_faults(b'{"by": "x", "began_at": "?", "until": null}') == (
        "pause: began_at: found '?', expected a time in Unix seconds",
    )
    assert pause_faults(b"") == pause_faults(b'{"resumed_by": "x", "at": 5}') == ()


@pytest.mark.parametrize("address", ['""', '"nowhere"', '"unix:/tmp/socket"', "7", '"h:port"', "null"])
def test_a_member_whose_address_is_none_is_named_and_has_none(address: str):
    member = decode_member("odd", f'{{"http": "h:1", "clustering": {address}}}'.encode())
    assert member.clustering == ""
    assert "clustering: found" in member.broken[0]


def test_a_member_keeps_an_address_of_either_kind():
    for address in ("h:7800", "[::1]:7800", "10.0.0.1:7800"):
        assert decode_member("a", f'{{"clustering": "{address}"}}'.encode()).clustering == address


async def test_a_member_without_an_address_is_dialled_by_nobody():
    def opened(address: str):
        raise AssertionError(f"dialled {address!r}")

    client = PeerClient(1.0, SimpleNamespace(renewed=lambda: False, open=opened))  # type: ignore[arg-type]
    (status,) = await client.get_statuses([decode_member("odd", b"{}")])
    assert (status.reachable, status.error) == (False, "odd: its entry holds no address")
    assert await client.able_to_serve([status.info], 1.0) == []
    with pytest.raises(UnavailableError, match="holds no address"):
        await client.refusal_to_promise(FailsafeMember("odd", "", ""), PromiseRequest(), 1.0)


def test_a_member_that_cannot_be_read_keeps_its_name():
    member = decode_member("odd", b'{"http": "h:1", "clustering": "h:2", "started_at": 1e999}')
    assert (member.name, member.http, member.started_at) == ("odd", "h:1", 0.0)
    assert "started_at: found inf" in member.broken[0]


@pytest.mark.ensemble
async def test_what_somebody_deletes_of_the_tree_is_made_again_with_the_next_term_at_the_latest(
    members: Members, ensemble: Ensemble, zookeeper_hosts: str
) -> None:
    await members.join("a")
    await members.join("b")
    _, place = paths.locate(zookeeper_hosts, CLUSTER)
    client = KazooClient(hosts=ensemble.hosts)
    await asyncio.to_thread(client.start)
    try:
        for path in (place.history, place.members, place.terms, place.pause, place.failsafe_list, place.cluster_id):
            master = await members.master()
            await asyncio.to_thread(delete_tree, client, path)
            await until(lambda master=master: answers(master), f"{path} is gone: no terms is an answer")
            master = await until(lambda master=master: follower_of(master, members), f"{path} is gone: the other leads")
            epoch = master.status().epoch
            await until(lambda path=path: asyncio.to_thread(client.exists, path), f"{path} is there again")
            await until(lambda master=master, epoch=epoch: entered(master, epoch))
        await until(lambda: [each.name for each in members.all[0].members()] == ["a", "b"], "both have joined again")
    finally:
        await asyncio.to_thread(client.stop)
        await asyncio.to_thread(client.close)


def delete_tree(client: KazooClient, path: str) -> None:
    """Delete a node with its children at once: members make theirs again at any moment."""
    failed = True
    while failed:
        transaction = client.transaction()
        for child in client.get_children(path):
            transaction.delete(f"{path}/{child}")
        transaction.delete(path)
        failed = any(isinstance(each, Exception) for each in transaction.commit())


async def answers(member: ClusterMember) -> bool:
    """Whether it says which terms there were; not while a busy machine keeps it from ZooKeeper."""
    with contextlib.suppress(UnavailableError):
        return await member.history() is not None
    return False


async def follower_of(master: ClusterMember, members: Members) -> ClusterMember | None:
    """Who leads instead. A term whose node was deleted ends by itself, with no cooldown: its node may lead the next."""
    await master.mastership.step_down()
    return next((each for each in members.masters() if each is not master), None)


async def entered(member: ClusterMember, epoch: int) -> bool:
    with contextlib.suppress(UnavailableError):
        return epoch in [each.epoch for each in await member.history()]
    return False
