"""Values that no contact centre has: none is calculated with, each has a reason, and what else is known stays."""

from __future__ import annotations

import math

import numpy as np
import pytest

from contact_center.v1 import statistics_pb2 as wire
from pacing_node.statistics.aggregation import build_roster, sum_staffing
from pacing_node.statistics.api_values import read_value
from pacing_node.statistics.table import INVALID, MAX_CAPACITY, MAX_NUMBER, VALID, ValueTable
from tests.statistics.server import agent
from tests.statistics.test_pure_parts import registry_of

EXTREMES = [math.nan, math.inf, -math.inf, -1.0, -1e308, 1e308, 2.0**63, MAX_NUMBER * 1.001]


def taken(*values):
    """A table that has taken these values of agents, in their order: ann, bob."""
    registry = registry_of([], ["ann", "bob"])
    table = ValueTable(registry.size)
    for reference, value in zip(registry.references(), values, strict=True):
        value.reference = reference
    table.apply(values, registry)
    return registry, table


@pytest.mark.parametrize("number", EXTREMES)
def test_a_number_that_counts_nothing_has_a_reason(number):
    registry = registry_of(["Q@s"], [])
    table = ValueTable(registry.size)
    first, second = registry.references()[:2]
    for reference, value in ((first, 7.0), (second, 3.0), (first, number)):
        table.apply([wire.StatisticValue(reference=reference, number=value)], registry)
    bad, good = (registry.locate(reference)[0] for reference in (first, second))
    assert (table.state[bad], table.reasons[bad]) == (INVALID, f"impossible number: {number}")
    assert (table.state[good], table.number[good]) == (VALID, 3.0)


@pytest.mark.parametrize("chat", [(MAX_CAPACITY + 1, 0), (2**32 - 1, 0), (1, 2**32 - 1)])
def test_an_agent_with_more_hands_than_anybody_is_not_counted_and_has_a_reason(chat):
    registry, table = taken(agent(chat=chat), agent(chat=(3, 1)))
    ann = registry.agents["ann"]
    assert table.state[ann] == INVALID
    assert table.reasons[ann] == f"impossible capacity for chat: {chat[1]} of {chat[0]} in hand"
    staffing = sum_staffing(build_roster([["ann", "bob"]], ["chat"], registry.agents), table)
    assert (staffing.ready.tolist(), staffing.busy.tolist()) == ([2.0], [1.0])
    assert staffing.known_ratio.tolist() == [0.5]
    assert np.isfinite(table.number).all()


def test_the_most_a_capacity_rule_allows_is_believed():
    registry, table = taken(agent(chat=(MAX_CAPACITY, 1)), agent(chat=(2, 3)))
    staffing = sum_staffing(build_roster([["ann", "bob"]], ["chat"], registry.agents), table)
    assert staffing.ready.tolist() == [MAX_CAPACITY - 1]


@pytest.mark.parametrize("maximum", [-1, 1e308, math.inf, math.nan, 2**63, 10**400, True, "7", 1.5, [3]])
def test_a_capacity_in_json_that_is_none_is_not_read_as_something(maximum):
    tree = {"status": "WaitForNextCall", "media": [{"media": "chat", "maximum": maximum, "inUse": 0}]}
    registry, table = taken(read_value(0, tree, None, agent=True), agent(chat=(3, 1)))
    assert table.state[registry.agents["ann"]] == INVALID


@pytest.mark.parametrize("maximum", [3, 3.0])
def test_a_whole_capacity_in_json_is_read_in_every_notation(maximum):
    tree = {"status": "WaitForNextCall", "media": [{"media": "chat", "maximum": maximum, "inUse": 1}]}
    state = read_value(0, tree, None, agent=True).agent_state
    assert (state.media[0].maximum, state.media[0].in_use) == (3, 1)


def test_a_reason_goes_with_the_next_value_or_the_subject_and_the_others_stay():
    registry = registry_of(["Q@s"], [])
    table = ValueTable(registry.size)
    first, second, third = registry.references()[:3]
    table.apply([wire.StatisticValue(reference=each, number=-1.0) for each in (first, second, third)], registry)
    assert set(table.reasons) == {first, second, third}
    table.apply([wire.StatisticValue(reference=first, number=5.0)], registry)
    assert set(table.reasons) == {second, third}
    table.forget(np.array([first, second]))
    assert set(table.reasons) == {third}
