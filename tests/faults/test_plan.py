"""Storms are planned from a seed."""

from __future__ import annotations

import random

from simulator.drill.nemesis.plan import ENSEMBLE, HABITS, LEADER, MASTER, Kind, Place, plan_storm

NODES, MEMBERS = ["node-1", "node-2", "node-3"], ["zookeeper-1", "zookeeper-2", "zookeeper-3"]


def storm(seed, seconds=10.0):
    return plan_storm(random.Random(seed), NODES, MEMBERS, seconds=seconds, mean_pause_seconds=0.4)


def test_the_same_seed_gives_the_same_storm_and_another_one_another():
    assert storm(7) == storm(7)
    assert storm(7) != storm(8)


def test_a_long_storm_knows_every_kind_of_trouble():
    assert {trouble.kind for trouble in storm(1, 400.0)} == set(Kind)


def test_trouble_stays_within_its_bounds_and_hits_what_it_can():
    for trouble in storm(2, 400.0):
        habit = HABITS[trouble.kind]
        assert habit.shortest <= trouble.seconds <= habit.longest
        allowed = {Place.NODE: [MASTER, *NODES], Place.MEMBER: [LEADER, *MEMBERS], Place.ENSEMBLE: [ENSEMBLE]}
        assert trouble.target in allowed[habit.place]
        assert 0.0 <= trouble.at_seconds < 400.0


def test_a_short_freeze_is_shorter_than_a_lease_and_a_long_one_longer_than_a_session():
    assert HABITS[Kind.FREEZE_SHORT].longest < 3.17
    assert HABITS[Kind.FREEZE_LONG].shortest > 4.0


def test_a_storm_can_be_of_chosen_kinds_alone():
    kinds = (Kind.ZNODE_GARBLED, Kind.ADDRESSES_SWAPPED)
    storm = plan_storm(random.Random(1), NODES, MEMBERS, seconds=60.0, mean_pause_seconds=0.4, kinds=kinds)
    assert {trouble.kind for trouble in storm} == set(kinds)
