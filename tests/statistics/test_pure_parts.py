"""Counters, age, choice, references and sums, each by itself."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contact_center.v1 import statistics_pb2 as wire
from pacing_node.statistics.aggregation import agent_slots, build_roster, sum_completed, sum_staffing
from pacing_node.statistics.choice import ServerRank, choose
from pacing_node.statistics.counters import Totals, Usual, room_for
from pacing_node.statistics.feed import Feed
from pacing_node.statistics.freshness import Freshness
from pacing_node.statistics.registry import MAX_SLOTS, Registry, Subject
from pacing_node.statistics.table import MAX_CAPACITY, VALID, ValueTable
from tests.statistics.server import agent

SLOTS = np.array([2, 5])
BOTH = np.array([True, True])


def advance(totals, first, second=0.0, valid=BOTH, limit=np.inf):
    return totals.advance(SLOTS, np.array([first, second]), np.asarray(valid), limit)[0]


def test_growth_counts_and_first_value_reset_and_jump_do_not():
    totals = Totals(8)
    assert advance(totals, 1000) == 0
    assert advance(totals, 1007) == 7
    assert advance(totals, 1007) == 0
    assert advance(totals, 3) == 0
    assert advance(totals, 5) == 2
    assert advance(totals, 500, limit=100) == 0
    assert advance(totals, 501, limit=100) == 1


def test_an_invalid_total_in_between_starts_a_new_base():
    totals = Totals(8)
    advance(totals, 10)
    assert advance(totals, 20, valid=[False, True]) == 0
    assert advance(totals, 30) == 0
    assert advance(totals, 31) == 1


def test_forgetting_one_slot_leaves_the_others():
    totals = Totals(8)
    advance(totals, 10, 10)
    totals.forget(np.array([2]))
    assert totals.advance(SLOTS, np.array([15.0, 15.0]), BOTH).tolist() == [0, 5]
    totals.resize(100)
    assert totals.advance(np.array([2, 99]), np.array([16.0, 4.0]), BOTH).tolist() == [1, 0]


@given(st.lists(st.tuples(st.floats(0, 1e9), st.booleans()), max_size=50), st.floats(0, 1e9))
def test_no_sequence_of_totals_gives_a_spike(sequence, limit):
    """An increment is never negative, never above the limit, and never more than the total itself ever moved."""
    totals = Totals(1)
    slot = np.array([0])
    seen = 0.0
    for total, valid in sequence:
        increment = totals.advance(slot, np.array([total]), np.array([valid]), limit)[0]
        assert 0 <= increment <= limit
        seen += increment
    grown = sum(max(0.0, b[0] - a[0]) for a, b in pairwise(sequence))
    assert seen <= grown + 1e-3


def test_the_usual_follows_slowly_and_bounds_what_is_believed():
    usual = Usual(8)
    assert usual.limit(SLOTS).tolist() == [5, 5]
    for _ in range(100):
        usual.learn(SLOTS, np.array([10.0, 0.0]))
    assert usual.limit(SLOTS).tolist() == pytest.approx([45, 5])
    usual.forget(np.array([2]))
    assert usual.limit(SLOTS).tolist() == pytest.approx([5, 5])


@given(offset=st.floats(-1e9, 1e9), start=st.floats(0, 1e6))
def test_age_does_not_depend_on_the_difference_of_the_clocks(offset, start):
    freshness = Freshness()
    for second in range(10):
        freshness.heard(start + second, 2e9 + offset + second)
    assert freshness.age_seconds(start + 9.5) == pytest.approx(0.5, abs=1e-3)


def test_before_the_first_message_age_is_infinite():
    assert math.isinf(Freshness().age_seconds(1e9))


def test_messages_that_arrive_late_are_old_although_they_keep_coming():
    freshness = Freshness()
    for second in range(10):
        freshness.heard(second, 1e9 + second)
    for second in range(10, 40):  # the way got longer: 4 s of delay build up and stay
        freshness.heard(second + 4, 1e9 + second)
    assert freshness.silent_seconds(43) == 0
    assert 3 < freshness.age_seconds(43) <= 4.01


def test_a_clock_that_stands_still_ages_and_one_that_drifts_does_not():
    frozen, drifting = Freshness(), Freshness()
    for second in range(1000):
        frozen.heard(second, 1e9 + min(second, 500))
        drifting.heard(second, 1e9 + second * 0.999)
    assert frozen.age_seconds(999) > 450
    assert drifting.age_seconds(999) < 0.1


@pytest.mark.parametrize("step", [-7200, -10, 10, 7200])
def test_a_clock_that_is_set_does_not_make_anything_old(step):
    freshness = Freshness()
    for second in range(20):
        freshness.heard(second, 1e9 + second + (step if second >= 10 else 0))
    assert freshness.age_seconds(19.0) == pytest.approx(0, abs=0.2)


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(allow_nan=True, allow_infinity=True)), max_size=30))
def test_no_stamp_makes_the_age_smaller_than_the_silence(messages):
    freshness = Freshness()
    now = 0.0
    for pause, stamp in messages:
        now += pause
        freshness.heard(now, stamp)
    age = freshness.age_seconds(now + 1.0)
    assert age >= 1.0 - 1e-6
    assert not math.isnan(age)


def rank(usable=True, warm=True, mode="primary", age=0.1):
    return ServerRank(usable, warm, mode, age)


@pytest.mark.parametrize(
    ("ranks", "active", "chosen"),
    [
        ([rank(), rank(mode="backup")], None, 0),
        ([rank(mode="backup"), rank()], 0, 1),
        ([rank(usable=False), rank(mode="backup")], 0, 1),
        ([rank(usable=False), rank(usable=False)], 1, 1),
        ([rank(usable=False), rank(usable=False)], None, None),
        ([rank(warm=False), rank(mode="backup")], 1, 1),
        ([rank(), rank(mode="backup")], 1, 0),
        ([rank(), rank()], 1, 1),
        ([rank(age=0.9), rank(age=0.1)], None, 1),
        ([rank(mode="unknown"), rank(mode="backup")], 1, 0),
    ],
)
def test_the_server_that_is_believed(ranks, active, chosen):
    assert choose(ranks, active) == chosen


QUEUE_STATISTICS = (("Current", "P"), ("Current", ""), ("Accepted", "P"))


def registry_of(queues=(), agents=()):
    registry = Registry(QUEUE_STATISTICS, "AgentState")
    registry.assign(queues, agents)
    return registry


def reference_of(registry, name):
    return next(each for each in registry.references() if registry.subject(each).object_id == name)


objects = st.sets(st.sampled_from("abcdefgh"), max_size=8)


@given(st.lists(st.tuples(objects, objects), max_size=12))
def test_references_are_unique_stable_and_never_those_of_a_predecessor(rounds):
    registry = registry_of()
    before: dict[Subject, int] = {}
    retired: set[int] = set()
    for queues, agents in rounds:
        change = registry.assign(sorted(queues), sorted(agents))
        now = {registry.subject(reference): reference for reference in registry.references()}
        wanted = {Subject(False, name, *each) for name in queues for each in QUEUE_STATISTICS}
        wanted |= {Subject(True, name, "AgentState") for name in agents}
        assert set(now) == wanted
        assert len(registry) == len(wanted)
        assert len({reference % MAX_SLOTS for reference in now.values()}) == len(now)
        assert all(now[subject] == before[subject] for subject in wanted & set(before))
        assert set(change.added) == {now[subject] for subject in wanted - set(before)}
        assert set(change.removed) == {before[subject] for subject in set(before) - wanted}
        retired |= set(change.removed)
        assert retired.isdisjoint(now.values())
        assert 0 not in now.values()
        assert all(registry.locate(reference) is None and registry.subject(reference) is None for reference in retired)
        asked = [*registry.references(), *retired, 0, 2**32 - 1]
        assert registry.subjects(asked) == [registry.subject(reference) for reference in asked]
        for subject, reference in now.items():
            assert registry.locate(reference) == (reference % MAX_SLOTS, subject.agent)
            assert registry.at(reference % MAX_SLOTS) == subject
        for name in queues:
            (first,) = registry.queues([name])
            assert now[Subject(False, name, "Current", "")] % MAX_SLOTS == first + registry.offset("Current")
        before = now


def test_a_copy_changes_beside_the_one_in_use_which_becomes_it_at_once():
    registry = registry_of(queues=["a"], agents=["ann"])
    registry.assign(["b"], ["ann"])
    before = {reference: registry.subject(reference) for reference in registry.references()}
    copied = registry.copied()
    copied.assign(map(str, range(2000)), ["bob"])
    assert {reference: registry.subject(reference) for reference in registry.references()} == before
    assert (registry.size, list(registry.agents), len(registry)) == (1024, ["ann"], 4)
    registry.assign(["c"], ["ann"])
    copied.assign(["b"], ["bob"])
    registry.become(copied)
    assert {registry.subject(each).object_id for each in registry.references()} == {"b", "bob"}
    assert registry.references() == copied.references()


def test_a_slot_that_is_used_very_often_gets_valid_references_again():
    registry = registry_of()
    seen = set()
    for turn in range(2100):
        (reference,) = registry.assign([], [f"agent {turn}"]).added
        assert registry.subject(reference).object_id == f"agent {turn}"
        seen.add(reference)
    assert len(seen) == 1024
    assert registry.size == 1024


def test_more_than_can_be_held_is_refused_and_changes_nothing():
    registry = registry_of(agents=["ann"])
    with pytest.raises(OverflowError, match="at most"):
        registry.assign([], map(str, range(MAX_SLOTS // 2)))
    assert list(registry.agents) == ["ann"]


def test_the_arrays_grow_with_what_is_wanted():
    registry = registry_of(queues=map(str, range(2000)), agents=map(str, range(3000)))
    assert len(registry) == len(registry.references()) == 9000
    assert registry.size >= 9001
    assert registry.subject(registry.references()[-1]) == Subject(True, "2999", "AgentState")
    assert registry.reference_column().tolist() == registry.references()


def test_a_feed_that_grows_keeps_what_it_knows_and_forgets_what_has_changed():
    registry = registry_of(queues=["1"], agents=["ann", "bob"])
    feed = Feed("primary", "stat:1", registry, 15.0)
    feed.opened(0.0)
    feed.connected = True
    slots = [reference % MAX_SLOTS for reference in registry.references()]
    feed.table.state[slots], feed.table.number[slots] = VALID, 7.0
    feed.totals.follow(np.array(slots), np.full(len(slots), 7.0), np.ones(len(slots), dtype=np.bool_))
    assert feed.answered(1.0)
    grown = registry.copied()
    change = grown.assign(map(str, range(1, 2000)), ["bob", "cid"])  # ann's slot is another's now
    registry.become(grown)
    feed.changed(change.slots(), 1.0, added=True, room=room_for(registry.size))
    assert len(feed.table.state) == len(feed.table.number) == registry.size
    assert not feed.answered(2.0)
    everything = np.arange(1, registry.size)
    kept = everything[feed.valid(everything)]
    assert sorted(kept) == sorted(set(slots) - set(change.slots().tolist()))
    increments = feed.totals.advance(kept, np.full(len(kept), 9.0), np.ones(len(kept), dtype=np.bool_))
    assert increments.tolist() == [2.0] * len(kept)
    changed = change.slots()
    first = feed.totals.advance(changed, np.full(len(changed), 9.0), np.ones(len(changed), dtype=np.bool_))
    assert not first.any(), "a first value is no increment"
    feed.table.state[[reference % MAX_SLOTS for reference in registry.references()]] = VALID
    assert feed.answered(3.0)


MEDIA = ("chat", "voice", "email")
capacities = st.dictionaries(
    st.sampled_from(MEDIA), st.tuples(st.integers(0, 6), st.integers(0, 8), st.booleans()), max_size=3
)
statuses = st.sampled_from([4, 8, 9, 20, 21, 22, 23, 5, 77])
people = st.lists(st.tuples(statuses, capacities), min_size=1, max_size=8)


@given(people, st.data())
def test_sums_are_those_of_going_through_every_agent_of_every_target(team, data):
    everybody = [f"a{index}" for index in range(len(team))]
    members = data.draw(st.lists(st.lists(st.sampled_from(everybody), unique=True), max_size=6))
    media = [data.draw(st.sampled_from(MEDIA)) for _ in members]
    registry = registry_of(agents=everybody)
    table = ValueTable(registry.size)
    values = []
    for (status, held), name in zip(team, everybody, strict=True):
        value = agent(status, **held)
        value.reference = reference_of(registry, name)
        values.append(value)
    table.apply(values, registry)
    roster = build_roster(members, media, registry.agents)
    staffing = sum_staffing(roster, table)
    expected = [
        _by_hand(team, [int(name[1:]) for name in each], medium) for each, medium in zip(members, media, strict=True)
    ]
    for position, name in enumerate(("logged_in", "capable", "ready", "busy")):
        assert getattr(staffing, name).tolist() == [row[position] for row in expected]
    several = [name for name in everybody if sum(name in each for each in members) > 1]
    assert (staffing.shared is not None) == bool(several)
    if staffing.shared is not None:
        for name in ("ready", "busy"):
            pairs = getattr(staffing.shared, name)
            sums = np.bincount(staffing.shared.class_target, weights=pairs, minlength=len(members))
            assert sums.tolist() == getattr(staffing, name).tolist()
    assert agent_slots(roster, table).ready.shape == (len(set(media)), len({name for each in members for name in each}))


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), unique=True), max_size=6))
def test_agents_are_of_one_class_when_they_serve_the_same_targets(members):
    registry = registry_of(agents="hgfedcba")  # slots in another order than names
    roster = build_roster(members, ["chat"] * len(members), registry.agents)
    by_slot = {slot: name for name, slot in registry.agents.items()}
    names = [by_slot[slot] for slot in roster.agent_slots.tolist()]
    assert sorted(names) == sorted({name for each in members for name in each})
    served = [[row for row, each in enumerate(members) if name in each] for name in names]
    classes = [[] for _ in range(roster.classes)]
    for number, target in zip(roster.pair_class.tolist(), roster.pair_target.tolist(), strict=True):
        classes[number].append(target)
    assert [classes[number] for number in roster.class_of_agent.tolist()] == served
    assert len(set(map(tuple, classes))) == roster.classes == len(set(map(tuple, served)))
    assert roster.shared == any(len(each) > 1 for each in served)


@given(st.lists(st.tuples(st.sampled_from(MEDIA), st.lists(st.sampled_from("abcd"), unique=True)), max_size=6))
def test_agents_of_a_medium_are_those_of_its_targets(rows):
    registry = registry_of(agents="dcba")
    roster = build_roster([agents for _, agents in rows], [medium for medium, _ in rows], registry.agents)
    for medium in roster.media:
        expected = {registry.agents[name] for each, agents in rows if each == medium for name in agents}
        assert roster.slots_of(medium).tolist() == sorted(expected)


def _by_hand(team, indexes, medium):
    logged_in = capable = ready = busy = 0
    for index in indexes:
        status, held = team[index]
        maximum, in_use, routable = held.get(medium, (0, 0, False))
        logged_in += status != 23
        capable += status != 23 and maximum > 0
        if status in {4, 9, 20, 21, 22}:
            free = max(maximum - in_use, 0) if routable else 0
            ready += free
            busy += maximum - free
    return logged_in, capable, ready, busy


def test_ended_interactions_are_taken_once():
    registry = registry_of(agents=["ann"])
    (reference,) = registry.references()
    table = ValueTable(registry.size)
    for in_use in (3, 1, 2, 0):
        value = agent(chat=(3, in_use))
        value.reference = reference
        table.apply([value], registry)
    roster = build_roster([["ann"], ["ann"]], ["chat", "voice"], registry.agents)
    assert sum_completed(roster, table).tolist() == [4, 0]
    assert sum_completed(roster, table).tolist() == [0, 0]


numbers = st.floats(allow_nan=True, allow_infinity=True) | st.floats(-10, 1e12)
anything = st.one_of(
    st.builds(lambda value: wire.StatisticValue(number=value), numbers),
    st.just(wire.StatisticValue()),
    st.builds(lambda text: wire.StatisticValue(invalid=wire.InvalidStatistic(reason=text)), st.text(max_size=400)),
    st.builds(
        lambda status, media: wire.StatisticValue(agent_state=wire.AgentState(status=status, media=media)),
        st.integers(-(2**31), 2**31 - 1),
        st.lists(
            st.builds(
                wire.MediaCapacity,
                media=st.text(max_size=3),
                maximum=st.integers(0, 2**32 - 1),
                in_use=st.integers(0, 2**32 - 1),
                routable=st.booleans(),
            ),
            max_size=5,
        ),
    ),
)


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1) | st.integers(0, 6), anything), max_size=60))
def test_no_value_from_the_wire_breaks_the_table_or_leaves_nonsense_in_it(arrivals):
    registry = registry_of(["Q@s"], ["ann", "bob"])  # references 1 to 5
    table = ValueTable(registry.size)
    for reference, value in arrivals:
        value.reference = reference
    table.apply([value for _, value in arrivals], registry)
    assert np.isfinite(table.number).all()
    assert (table.number >= 0).all()
    assert len(table.media) <= 32
    roster = build_roster([["ann", "bob"]], ["chat"], registry.agents)
    staffing = sum_staffing(roster, table)
    for column in (staffing.ready, staffing.busy, sum_completed(roster, table)):
        assert np.isfinite(column).all()
        assert (column >= 0).all()
        assert (column <= 2 * MAX_CAPACITY * max(1, len(arrivals))).all()
