"""Subscriptions follow the targets: only the difference is sent, and large sets do not hold up the loop for long."""

from __future__ import annotations

import asyncio
import sys
import time

from cluster.clock import boot_seconds
from pacing_node.statistics.bridge_session import SessionSettings
from pacing_node.statistics.bridge_statistics import bridge_statistics
from tests.statistics.server import Server, agent, number, serving, target, target_set
from tests.support.waiting import until

QUEUE_STATISTICS = 7


async def warm(source, targets):
    source.watch(targets)
    await until(lambda: all(feed.answered(boot_seconds()) and feed.connected for feed in source._feeds))


async def test_agents_of_several_targets_are_subscribed_once(pair, source):
    await warm(source, target_set(target("A"), target("B"), groups=(("G", ("ann", "cid")),)))
    assert pair[0].adds == 2 * QUEUE_STATISTICS + 3  # ann, bob, cid


async def test_the_same_targets_again_send_nothing(pair, source):
    await warm(source, target_set(target()))
    before = (pair[0].adds, pair[0].removes)
    await warm(source, target_set(target(goal_percent=9.0), version="2"))
    assert (pair[0].adds, pair[0].removes) == before


async def test_only_the_difference_is_sent_and_the_others_stay_undisturbed(pair, source):
    pair[0].set("ann", "AgentState", agent(chat=(2, 0)))
    pair[0].totals("B@sw", Accepted=10)
    await warm(source, target_set(target("A", agents=("ann", "bob")), target("B", agents=("ann",))))
    source.snapshot(10.0)
    before = (pair[0].adds, pair[0].removes)
    pair[0].totals("B@sw", Accepted=14)
    column = source._layout.columns.accepted
    await until(lambda: source._feeds[0].numbers(column)[0].tolist() == [0, 14])
    source.watch(target_set(target("B", agents=("ann",)), target("C", agents=("ann", "cid")), version="2"))
    snapshot = source.snapshot(10.0)
    assert snapshot.valid.tolist() == [True, False]  # B goes on; C has no values yet
    assert snapshot.accepted.tolist() == [4, 0]
    await until(lambda: source.warmed_up and pair[0].removes > before[1])
    assert (pair[0].adds - before[0], pair[0].removes - before[1]) == (QUEUE_STATISTICS + 1, QUEUE_STATISTICS + 1)
    assert source.snapshot(10.0).ready.tolist() == [2, 2]


async def test_what_is_prepared_aside_changes_nothing_until_it_is_put_in_force(pair, source):
    pair[0].set("ann", "AgentState", agent(chat=(2, 0)))
    await warm(source, target_set(target("A", agents=("ann",))))
    before = (pair[0].adds, pair[0].removes)
    watch = await asyncio.to_thread(source.prepare, target_set(target("B", agents=("ann",)), version="2"))
    assert source.snapshot(10.0).ready.tolist() == [2]
    assert source.warmed_up
    assert (pair[0].adds, pair[0].removes) == before
    watch()
    assert source.snapshot(10.0).valid.tolist() == [False]
    await until(lambda: source.warmed_up and pair[0].removes > before[1])
    assert source.snapshot(10.0).ready.tolist() == [2]


async def test_late_values_of_a_removed_object_do_not_land_at_its_successor(pair, source):
    """Slots are used again; references are not."""
    only = "PACS_Proactive_Interaction"
    await warm(source, target_set(target("A", agents=())))
    old = {key: reference for session in pair[0].sessions for reference, key in session.known.items()}
    await warm(source, target_set(target("B", agents=()), version="2"))
    message = pair[0].sessions[0].server.state()
    message.values.server_time = time.time()
    for reference in old.values():
        message.values.values.add(reference=reference, number=77)
    pair[0].send(message)
    pair[0].set("B@sw", "PACS_VQ_Current", number(5), only)
    await until(lambda: source.snapshot(10.0).waiting.tolist() == [5])  # sent after the late values


async def test_targets_may_come_before_the_server_and_change_while_it_is_away(pair, source):
    source.watch(target_set(target("A")))
    source.watch(target_set(target("B")))
    await until(lambda: source.warmed_up)
    await pair[0].stop()
    await pair[1].stop()
    source.watch(target_set(target("C")))
    pair[0].adds = 0
    await pair[0].start(pair[0].port)
    await until(lambda: source.warmed_up)
    assert pair[0].adds == QUEUE_STATISTICS + 2


async def test_no_targets_are_an_empty_snapshot(pair, source):
    await warm(source, target_set())
    snapshot = source.snapshot(10.0)
    assert len(snapshot) == 0
    assert source.channel_capacity("chat", frozenset(), 10.0) == 0


async def test_ten_thousand_targets_are_subscribed_and_read(capsys):
    targets = target_set(
        *(
            target(f"Q{i:05d}", ("chat", "voice")[i % 2], agents=(f"a{i}", f"b{i}", f"a{(i + 1) % 10_000}"))
            for i in range(10_000)
        )
    )
    async with serving(Server()) as (server,):
        # A source that waited as long as that for its first values counts as warmed up without them.
        settings = SessionSettings(silence_seconds=30.0, connect_seconds=30.0, answer_seconds=120.0)
        source = bridge_statistics(server.address, settings=settings)
        await source.start()
        await until(lambda: source.health[0].connected)
        started = time.perf_counter()
        source.watch(targets)
        watched = time.perf_counter() - started
        await until(lambda: source.warmed_up)
        subscribed = time.perf_counter() - started
        source.snapshot(60.0)
        started = time.process_time()  # not of the wall: a busy machine takes longer
        for _ in range(10):
            server_side_change(source)
            snapshot = source.snapshot(60.0)
        taken = (time.process_time() - started) / 10
        await source.stop()
    assert snapshot.valid.all()
    assert snapshot.shared is not None
    told = f"watch {watched:.2f} s, subscribed {subscribed:.2f} s, snapshot {taken * 1000:.1f} ms"
    with capsys.disabled():
        sys.stdout.write(f"\n10,000 targets, 20,000 agents, 90,000 statistics: {told}\n")
    assert taken < 0.5


def server_side_change(source):
    """Make the sums over agents necessary again, as after an update."""
    source._feeds[0].table.agents_version += 1
