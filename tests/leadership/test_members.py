"""What members know of each other: who has joined, what the master shares, what was written down."""

from __future__ import annotations

import asyncio
import time

import pytest

from cluster.errors import ConflictError, NotMasterError, RefusedError
from cluster.mastership import Role
from cluster.records import Record, RecordInfo
from cluster.zookeeper import paths
from tests.leadership.conftest import CALM_SESSION_TIMEOUT_SECONDS, CLUSTER, Members, order_step_down
from tests.support.waiting import until

pytestmark = pytest.mark.ensemble


def record(epoch: int, sequence: int, body: bytes = b"body") -> Record:
    return Record(RecordInfo(epoch, sequence, time.time()), "test.v1", body)


def names(member) -> list[str]:
    return [each.name for each in member.members()]


async def all_reachable(member) -> bool:
    return all(each.reachable for each in await member.ask_members())


async def causes(member) -> list[str | None]:
    return [each.cause for each in await member.history()]


async def test_members_see_each_other_come_and_go(members: Members) -> None:
    a = await members.join("a")
    assert names(a) == ["a"]
    b = await members.join("b")
    await until(lambda: names(a) == ["a", "b"] and names(b) == ["a", "b"])
    seen = next(each for each in a.members() if each.name == "b")
    assert seen == b.info
    await members.leave(b)
    await until(lambda: names(a) == ["a"])


async def test_everybody_can_be_asked_and_a_silent_member_is_told_as_such(members: Members) -> None:
    a = await members.join("a")
    await members.master()
    b = await members.join("b")
    await until(lambda: len(a.members()) == len(b.members()) == 2)
    await until(lambda: b.status().master == "a")
    await until(lambda: all_reachable(b), "a channel is open")  # may take longer than one call's deadline
    answers = {each.info.name: each for each in await b.ask_members()}
    assert answers["a"].role is Role.MASTER
    assert answers["a"].lease_left_seconds > 0
    assert answers["b"].role is Role.STANDBY
    assert answers["b"].master == "a"
    assert answers["a"].cluster_id == answers["b"].cluster_id != ""
    await a._server.stop()
    answers = {each.info.name: each for each in await b.ask_members()}
    assert not answers["a"].reachable
    assert answers["a"].error


async def test_no_channel_to_a_member_that_has_left_is_kept(members: Members) -> None:
    a = await members.join("a")
    for _ in range(3):  # each time at another address
        b = await members.join("b")
        await until(lambda: len(a.members()) == 2)
        assert all(each.reachable for each in await a.ask_members())
        await members.leave(b)
        await until(lambda: len(a.members()) == 1)
    assert not a._client._channels


async def test_standbys_follow_the_master_and_its_successor(members: Members) -> None:
    for node in ("a", "b", "c"):
        await members.join(node)
    master = await members.master()
    received: list[tuple[str, int, int]] = []
    for member in members.all:
        member.on_record.add(
            lambda each, name=member.info.name: received.append((name, each.info.epoch, each.info.sequence))
        )
    standbys = {member.info.name for member in members.all if member is not master}
    master.publish(record(1, 0))
    await until(lambda: {(name, 1, 1) for name in standbys} <= set(received))
    await order_step_down(master, "a test")
    successor = await members.master(other_than=master)
    successor.publish(record(2, 0))
    followers = {member.info.name for member in members.all if member is not successor}
    await until(lambda: {(name, 2, 1) for name in followers} <= set(received))
    assert master.last_record == successor.last_record


async def test_followers_take_every_record_of_the_master_they_follow_whatever_its_epoch(members: Members) -> None:
    master = await members.join("a")
    await members.master()
    follower = await members.join("b")
    received: list[tuple[int, bytes]] = []
    follower.on_record.add(lambda each: received.append((each.info.sequence, each.body)))
    for body in (b"pushed", b"withheld", b"alarms"):
        master.publish(record(9, 0, body))
        await until(lambda body=body: received and received[-1][1] == body)
    assert [sequence for sequence, _ in received] == sorted({sequence for sequence, _ in received})

    # ZooKeeper has lost its data since: epochs begin again.
    await order_step_down(master, "a test")
    assert await members.master(other_than=master) is follower
    again: list[bytes] = []
    master.on_record.add(lambda each: again.append(each.body))
    follower.publish(record(1, 0, b"after the loss"))
    await until(lambda: again)
    assert master.last_record is not None
    assert master.last_record.body == b"after the loss"


async def test_a_broken_stream_is_an_early_sign_and_no_more(members: Members) -> None:
    a = await members.join("a")
    await members.master()
    b = await members.join("b")
    signs: list[float] = []
    b.on_early_sign.add(lambda: signs.append(time.monotonic()))
    a.publish(record(1, 1))
    await until(lambda: b.last_record is not None)
    await a._server.stop()
    await until(lambda: signs)
    assert b.mastership.term is None
    assert a.mastership.term is not None


async def test_the_end_of_a_term_is_an_early_sign_too(members: Members) -> None:
    """Whoever comes next has its way to the platform open before its first push."""
    a = await members.join("a")
    await members.master()
    b = await members.join("b")
    signs: list[float] = []
    b.on_early_sign.add(lambda: signs.append(time.monotonic()))
    a.publish(record(1, 1))
    await until(lambda: b.last_record is not None)
    await order_step_down(a, "a test")
    await until(lambda: signs)


async def test_stepping_down_without_a_master_is_refused(members: Members) -> None:
    a = await members.join("a")
    await members.master()
    a.mastership.set_candidate(candidate=False)
    assert await order_step_down(a, "a test") == 1
    with pytest.raises(NotMasterError):
        await order_step_down(a, "a test")


async def test_an_order_that_arrives_late_ends_no_later_term(members: Members) -> None:
    a, b = await members.join("a"), await members.join("b")
    term = await (await members.master()).mastership.wait_for_term()
    leading, other = (a, b) if a.mastership.term is not None else (b, a)
    with pytest.raises(RefusedError, match="term 7 has ended already; term 1 goes on"):
        await other._client.step_down(leading.info, "an operator", 5.0, epoch=7)
    for asked in (leading, other):
        with pytest.raises(RefusedError, match="term 7 has ended already; term 1 goes on"):
            await asked.step_down("an operator", epoch=7)
    assert not term.ended.is_set()
    assert await other._client.step_down(leading.info, "an operator", 5.0, epoch=1) == 1


async def test_the_document_is_written_by_compare_and_set_and_watched(members: Members) -> None:
    a, b = await members.join("a"), await members.join("b")
    await members.master()
    assert await a.documents.read() is None
    seen: list[bytes] = []
    remove = b.documents.watch(lambda document: seen.append(document.data))
    version = await a.documents.write(b"one", None)
    await until(lambda: seen == [b"one"])
    with pytest.raises(ConflictError):
        await b.documents.write(b"two", None)
    with pytest.raises(ConflictError):
        await b.documents.write(b"two", version + 1)
    version = await b.documents.write(b"two", version)
    await until(lambda: seen == [b"one", b"two"])
    late: list[bytes] = []
    b.documents.watch(lambda document: late.append(document.data))
    await until(lambda: late == [b"two"])
    remove()
    await a.documents.write(b"three", version)
    await until(lambda: late == [b"two", b"three"])
    assert seen == [b"one", b"two"]


async def test_history_tells_who_led_and_why_it_ended(members: Members) -> None:
    a = await members.join("a")
    await members.master()
    b = await members.join("b")
    await until(lambda: b.status().master == "a" and len(b.members()) == 2)
    await order_step_down(b, "an operator")
    await members.master(other_than=a)
    await members.leave(b)
    await members.master()

    async def all_written() -> bool:
        return await causes(a) == [None, "resigned", "operator"]

    await until(all_written)
    newest = await a.history()
    assert [(each.epoch, each.node, each.previous, each.cause) for each in newest] == [
        (3, "a", "b", None),
        (2, "b", "a", "resigned"),
        (1, "a", None, "operator"),
    ]
    assert newest[1].gap_seconds is not None
    print(f"gap {newest[1].gap_seconds:.3f} s")
    assert newest[1].gap_seconds < CALM_SESSION_TIMEOUT_SECONDS, "nobody waited for a session to expire"


async def test_a_stopped_member_leaves_no_task_behind(members: Members) -> None:
    a = await members.join("a")
    await members.join("b")
    await members.master()
    await members.leave(a)
    for member in list(members.all):
        await members.leave(member)
    await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})


async def test_resigning_comes_before_the_session_is_closed(members: Members, monkeypatch) -> None:
    a = await members.join("a")
    term = await a.mastership.wait_for_term()
    session = a._backend._session
    owners: list[object] = []
    stop = session.stop

    async def closing(timeout_seconds: float) -> None:
        _, place = paths.locate(a.settings.zookeeper_hosts, CLUSTER)
        owners.append(await session.exists(place.master))
        await stop(timeout_seconds)

    monkeypatch.setattr(session, "stop", closing)
    await members.leave(a)
    assert owners == [None]
    assert term.ended.is_set()


@pytest.mark.ensemble
async def test_what_may_be_started_shrinks_with_the_lease_and_ends_with_the_connection(members: Members) -> None:
    member = await members.join("a")
    term = await member.mastership.wait_for_term()
    mastership = member._backend.mastership
    machine, clock = mastership._machine, mastership._clock
    # Without an await in between no heartbeat comes to pass under these clocks.
    for left, budget, allowed in ((0.5, 0.4, True), (0.3, 0.4, False), (0.3, 0.2, True), (-1.0, 0.001, False)):
        now = machine.lease_until - left
        mastership._clock = lambda now=now: now
        assert term.act_until(budget) == (now + budget if allowed else None), (left, budget)
    mastership._clock = clock
    assert term.act_until(0.4) is not None
    suspended: list[tuple[bool, float | None]] = []

    def refresh() -> None:
        status = member.status()
        if status.state == "suspended":
            suspended.append((status.lease_left_seconds > 0.0, term.act_until(0.001)))

    mastership.on_change.add(refresh)
    member._backend._session.drop_connection()
    await until(lambda: suspended)
    assert suspended[0] == (True, None)


async def test_a_standby_that_has_looked_many_times_is_told_of_a_change_once(members: Members) -> None:
    """Watches that pile up would all fire at a hand-over: the longer a standby has waited, the later it would act."""
    a = await members.join("a", session_timeout_seconds=4.0)
    await members.master()
    b = await members.join("b", session_timeout_seconds=4.0)
    await until(lambda: b.status().master == "a")
    transactions, looked = b.mastership._transactions, []
    observe = transactions.observe

    async def counted(on_change):
        looked.append(time.monotonic())
        return await observe(on_change)

    transactions.observe = counted
    await until(lambda: len(looked) >= 8)
    looked.clear()
    await order_step_down(a, "an operator")
    await until(lambda: b.mastership.term is not None)
    assert 1 <= len(looked) <= 4
    watchers = session_of(b)._client._data_watchers
    assert max(len(each) for each in watchers.values()) == 1


def session_of(member):
    return member._backend._session
