"""What a snapshot says of a contact centre that behaves."""

from __future__ import annotations

import time

import numpy as np
import pytest

from contact_center.v1 import statistics_pb2 as wire
from tests.statistics.server import agent, invalid, number, target, target_set
from tests.support.waiting import until


async def warm(source, targets):
    source.watch(targets)
    await until(lambda: source.warmed_up)


def both(pair, *arguments):
    for server in pair:
        server.set(*arguments)


async def test_nothing_is_valid_before_a_server_was_heard(pair, source):
    source.watch(target_set(target()))
    snapshot = source.snapshot(10.0)
    assert len(snapshot) == 1
    assert not snapshot.valid.any()
    assert not source.warmed_up


async def test_slots_are_counted_by_medium_and_state(pair, source):
    both(pair, "ann", "AgentState", agent(wire.AGENT_STATUS_READY, chat=(3, 1), voice=(1, 0)))
    both(pair, "bob", "AgentState", agent(wire.AGENT_STATUS_NOT_READY, chat=(2, 1)))
    both(pair, "cid", "AgentState", agent(wire.AGENT_STATUS_AFTER_CALL_WORK, chat=(2, 1, False)))
    both(pair, "dan", "AgentState", agent(wire.AGENT_STATUS_BUSY, voice=(1, 1)))
    await warm(source, target_set(target(agents=("ann", "bob", "cid", "dan", "eve"))))
    snapshot = source.snapshot(10.0)
    assert snapshot.valid.all()
    assert snapshot.logged_in.tolist() == [4]
    assert snapshot.capable.tolist() == [3]
    assert snapshot.ready.tolist() == [2]  # ann: room for two more
    assert snapshot.busy.tolist() == [1 + 2]  # ann's one in hand; cid is not routable
    assert snapshot.shared is None


async def test_more_in_use_than_allowed_is_no_negative_room(pair, source):
    both(pair, "ann", "AgentState", agent(wire.AGENT_STATUS_BUSY, chat=(2, 5)))
    await warm(source, target_set(target(agents=("ann",))))
    snapshot = source.snapshot(10.0)
    assert (snapshot.ready.tolist(), snapshot.busy.tolist()) == ([0], [2])


async def test_queue_numbers_split_into_proactive_and_reactive(pair, source):
    only = "PACS_Proactive_Interaction"
    both(pair, "Sales@sw", "PACS_VQ_Current", number(4), only)
    both(pair, "Sales@sw", "PACS_VQ_Current", number(9))
    both(pair, "Sales@sw", "PACS_VQ_AverageHandleTime", number(312.5))
    await warm(source, target_set(target()))
    source.snapshot(10.0)
    both(pair, "Sales@sw", "PACS_VQ_Accepted", number(3), only)
    both(pair, "Sales@sw", "PACS_VQ_Abandoned", number(1), only)
    both(pair, "Sales@sw", "PACS_VQ_Entered", number(5), only)
    both(pair, "Sales@sw", "PACS_VQ_Entered", number(12))
    await until(lambda: source._feeds[0].numbers(source._layout.columns.entered_all)[0].tolist() == [12])
    snapshot = source.snapshot(10.0)
    assert (snapshot.accepted[0], snapshot.abandoned[0], snapshot.reactive_entered[0]) == (3, 1, 7)
    snapshot = source.snapshot(10.0)
    assert (snapshot.waiting.tolist(), snapshot.reactive_waiting.tolist()) == ([4], [5])
    assert snapshot.handle_seconds.tolist() == [312.5]
    assert snapshot.accepted.tolist() == [0]


async def test_totals_that_stood_before_do_not_count(pair, source):
    for server in pair:
        server.totals("Sales@sw", Accepted=4000, Abandoned=100)
    await warm(source, target_set(target()))
    snapshot = source.snapshot(10.0)
    assert (snapshot.accepted.tolist(), snapshot.abandoned.tolist()) == ([0], [0])


async def test_ended_interactions_are_drops_of_what_is_in_use(pair, source):
    both(pair, "ann", "AgentState", agent(wire.AGENT_STATUS_BUSY, chat=(3, 3)))
    await warm(source, target_set(target(agents=("ann",))))
    assert source.snapshot(10.0).completed.tolist() == [0]
    for in_use in (2, 3, 1):  # one ended, one begun, two ended
        both(pair, "ann", "AgentState", agent(wire.AGENT_STATUS_BUSY, chat=(3, in_use)))
    completed = 0.0

    def arrived():
        nonlocal completed
        completed += source.snapshot(10.0).completed[0]
        return completed >= 3

    await until(arrived)
    assert completed == 3


async def test_an_unusable_queue_statistic_makes_its_row_invalid_and_no_other(pair, source):
    only = "PACS_Proactive_Interaction"
    both(pair, "Sales@sw", "PACS_VQ_Current", invalid(), only)
    both(pair, "Help@sw", "PACS_VQ_Entered", invalid("statistic not defined"))
    await warm(source, target_set(target(), target("Help")))
    snapshot = source.snapshot(10.0)
    assert snapshot.valid.tolist() == [True, False]
    assert {(each.object_id, each.statistic, each.reason) for each in source.invalid} == {
        ("Sales@sw", "PACS_VQ_Current", "no such object"),
        ("Help@sw", "PACS_VQ_Entered", "statistic not defined"),
    }


@pytest.mark.parametrize(("unknown", "valid"), [(1, True), (3, False)])
async def test_unknown_agents_count_as_logged_out_until_too_many_are(pair, source, unknown, valid):
    names = ("ann", "bob", "cid", "dan")
    for position, name in enumerate(names):
        both(pair, name, "AgentState", invalid() if position < unknown else agent(chat=(1, 0)))
    await warm(source, target_set(target(agents=names)))
    snapshot = source.snapshot(10.0)
    assert snapshot.ready.tolist() == [4 - unknown]
    assert snapshot.valid.tolist() == [valid]


async def test_a_target_without_agents_is_valid_and_empty(pair, source):
    await warm(source, target_set(target(agents=())))
    snapshot = source.snapshot(10.0)
    assert snapshot.valid.all()
    assert snapshot.logged_in.tolist() == [0]


async def test_blended_agents_form_classes_whose_shares_add_up(pair, source):
    both(pair, "ann", "AgentState", agent(chat=(2, 0), voice=(1, 0)))
    both(pair, "bob", "AgentState", agent(chat=(1, 0)))
    both(pair, "cid", "AgentState", agent(wire.AGENT_STATUS_BUSY, voice=(1, 1, False)))
    chat = target("Chat", "chat", agents=("ann", "bob"))
    voice = target("Voice", "voice", agents=("ann", "cid"))
    await warm(source, target_set(chat, voice))
    snapshot = source.snapshot(10.0)
    shared = snapshot.shared
    assert shared is not None
    classes = {}
    for index, row in zip(shared.class_index, shared.class_target, strict=True):
        classes.setdefault(int(index), set()).add(int(row))
    assert sorted(map(sorted, classes.values())) == [[0], [0, 1], [1]]
    for name in ("ready", "busy"):
        sums = np.bincount(shared.class_target, weights=getattr(shared, name), minlength=2)
        assert sums.tolist() == getattr(snapshot, name).tolist()
    assert snapshot.ready.tolist() == [3, 1]
    assert snapshot.busy.tolist() == [0, 1]
    by_class = {frozenset(rows): shared.ready_agents[index] for index, rows in classes.items()}
    assert by_class == {frozenset({0, 1}): 1, frozenset({0}): 1, frozenset({1}): 0}


async def test_capacity_counts_each_agent_once_in_his_groups(pair, source):
    both(pair, "ann", "AgentState", agent(chat=(2, 0), voice=(1, 0)))
    both(pair, "bob", "AgentState", agent(chat=(3, 0)))
    groups = (("One", ("ann", "bob")), ("Two", ("ann",)))
    chat = target("Chat", "chat", agents=("ann", "bob"), groups=("One", "Two"))
    voice = target("Voice", "voice", agents=("ann",), groups=("Two",))
    await warm(source, target_set(chat, voice, groups=groups))
    one, two = frozenset({"One"}), frozenset({"Two"})
    assert (source.channel_capacity("chat", one, 10.0), source.channel_capacity("voice", one, 10.0)) == (5, 1)
    assert (source.channel_capacity("chat", two, 10.0), source.channel_capacity("voice", two, 10.0)) == (2, 1)
    assert source.channel_capacity("chat", frozenset(), 10.0) == 5
    assert source.channel_capacity("chat", frozenset({"One", "Two"}), 10.0) == 5
    assert source.channel_capacity("chat", frozenset({"Two", "Nobody"}), 10.0) == 2
    assert source.channel_capacity("email", frozenset(), 10.0) == 0
    both(pair, "bob", "AgentState", agent(chat=(3, 3)))
    await until(lambda: source.channel_capacity("chat", frozenset(), 10.0) == 2)
    assert source.channel_capacity("chat", one, 10.0) == 2, "what was counted before an agent changed is forgotten"


@pytest.mark.parametrize("how", ["silent", "gone", "without sources"])
async def test_what_agents_can_take_is_not_known_when_nobody_speaks_any_more(pair, impatient_source, how):
    both(pair, "ann", "AgentState", agent(chat=(2, 0)))
    await warm(impatient_source, target_set(target(agents=("ann",))))

    def capacity():
        return impatient_source.channel_capacity("chat", frozenset(), 5.0 if how != "silent" else 0.5)

    await until(lambda: capacity() == 2)
    for server in pair:
        if how == "gone":
            await server.stop()
        server.silent, server.available = how == "silent", how != "without sources"
        server.announce()
    await until(lambda: capacity() is None)
    assert not impatient_source.snapshot(0.5).valid.any()


async def test_what_was_heard_before_the_machine_slept_is_as_old_as_it_is(pair, source, monkeypatch):
    """The loop's clock stands still meanwhile: by that one nothing would have aged."""
    both(pair, "ann", "AgentState", agent(wire.AGENT_STATUS_READY, chat=(3, 1)))
    await warm(source, target_set(target(agents=("ann",))))
    assert source.snapshot(10.0).valid.all()
    at = time.clock_gettime
    monkeypatch.setattr(time, "clock_gettime", lambda number: at(number) + 3600.0 * (number == time.CLOCK_BOOTTIME))
    snapshot = source.snapshot(10.0)
    assert snapshot.age_seconds > 3600.0 - 10.0
    assert not snapshot.valid.any()
