"""Values that come together have the same effect as one after the other, whatever is among them."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from contact_center.v1 import statistics_pb2 as wire
from pacing_node.statistics.registry import Registry
from pacing_node.statistics.table import MAX_CAPACITY, MAX_NUMBER, VALID, ValueTable

AGENTS, QUEUES = ["ann", "bob", "cid"], ["1@s", "2@s", "3@s"]
PLACES = len(AGENTS) + len(QUEUES)
Place = tuple[int, wire.StatisticValue]


def state(status: int, *media: tuple[str, int, int, bool]) -> wire.StatisticValue:
    entries = [wire.MediaCapacity(media=name, maximum=most, in_use=used, routable=r) for name, most, used, r in media]
    return wire.StatisticValue(agent_state=wire.AgentState(status=status, media=entries))


def number(value: float) -> wire.StatisticValue:
    return wire.StatisticValue(number=value)


MEDIUM = st.tuples(st.sampled_from(["chat", "voice"]), st.integers(0, 3), st.integers(0, 3), st.booleans())
USUAL_STATES = st.builds(lambda status, media: state(status, *media), st.sampled_from([4, 20, 23]), st.lists(MEDIUM))
USUAL_NUMBERS = st.builds(number, st.integers(0, 3) | st.floats(0.0, MAX_NUMBER))
USUAL = st.tuples(st.integers(0, len(AGENTS) - 1), USUAL_STATES) | st.tuples(
    st.integers(len(AGENTS), PLACES - 1), USUAL_NUMBERS
)
BAD = st.sampled_from(
    [
        wire.StatisticValue(),
        wire.StatisticValue(invalid=wire.InvalidStatistic(reason="lost")),
        number(-1.0),
        number(float("nan")),
        number(MAX_NUMBER * 2),
        state(0),
        state(4, ("chat", MAX_CAPACITY + 1, 0, True)),
    ]
)
ANY = USUAL | st.tuples(st.integers(0, PLACES), USUAL_STATES | USUAL_NUMBERS | BAD)
"""A place beyond the last is a reference nobody waits for."""


def messages(values: list[Place], registry: Registry) -> list[wire.StatisticValue]:
    references = [*registry.references(), 12345]
    found = []
    for place, value in values:
        message = wire.StatisticValue()
        message.CopyFrom(value)
        message.reference = references[place]
        found.append(message)
    return found


def content(table: ValueTable) -> dict[str, object]:
    columns = {
        f"{name} {field}": getattr(medium, field)
        for name, medium in table.media.items()
        for field in ("maximum", "in_use", "routable", "completed")
    }
    columns |= {"state": table.state, "logged_in": table.logged_in, "at_work": table.at_work}
    columns["number"] = np.where(table.state == VALID, table.number, 0.0)
    return {name: column.tolist() for name, column in columns.items()} | {
        "reasons": table.reasons,
        "strangers": table.strangers,
        "media": list(table.media),
    }


@given(st.lists(USUAL, max_size=8), st.lists(ANY, max_size=8))
@example([(0, state(4, ("chat", 1, 1, False)))], [(0, state(4)), (0, state(20, ("chat", 1, 1, False)))])
@example([], [(3, number(2.0)), (3, number(0.0)), (4, number(1.0))])
@example([(4, number(1.0))], [(3, number(2.0)), (4, wire.StatisticValue())])
def test_together_and_one_after_the_other_are_the_same(before: list[Place], values: list[Place]) -> None:
    registry = Registry([("PACS_VQ_Current", "")], "AgentState")
    registry.assign(QUEUES, AGENTS)
    # Queues come first among the references.
    order = [*range(len(QUEUES), PLACES), *range(len(QUEUES)), PLACES]
    together, apart = ValueTable(registry.size), ValueTable(registry.size)
    for part in (before, values):
        sent = messages([(order[place], value) for place, value in part], registry)
        together.apply(sent, registry)
        for each in sent:
            apart.apply([each], registry)
    assert content(together) == content(apart)
