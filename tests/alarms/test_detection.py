"""A condition is raised once when it has held, cleared once when it is over, and nothing in between."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacing_node.alarms.alarm_book import Alarm, AlarmBook, AlarmEvent, Reading
from pacing_node.alarms.alarm_record import decode_alarms, encode_alarms
from pacing_node.alarms.conditions import BY_KEY, BY_NAME, CONDITIONS, Comparison, Scope
from pacing_node.alarms.machine import ConditionState, Phase, Rule, Transition, rule_for, step
from pacing_node.options.alarm_options import CONDITION_KEYS, AlarmOptions
from pacing_node.options.schema import key_of

RULE = Rule(10.0, 8.0, detection_seconds=5.0, clearance_seconds=20.0)


def run(rule: Rule, values: list[tuple[float, float]]) -> list[tuple[float, str]]:
    """Times and kinds of what the machine tells for (time, value) pairs."""
    state, told = ConditionState(), []
    for now, value in values:
        state, transition = step(state, rule, value, now)
        if transition:
            told.append((now, transition.value))
    return told


def test_a_level_is_raised_after_the_detection_time_and_cleared_after_the_clearance_time() -> None:
    values = [(float(t), 11.0 if t < 10 else 7.0) for t in range(40)]

    assert run(RULE, values) == [(5.0, "raised"), (30.0, "cleared")]


def test_a_break_in_the_detection_time_starts_it_anew() -> None:
    assert run(RULE, [(0, 11), (4, 11), (4.5, 9), (5, 11), (9, 11), (10, 11)]) == [(10, "raised")]


def test_between_the_two_thresholds_nothing_changes() -> None:
    raised_then_between = [(0, 11), (5, 11), *((float(t), 9.0) for t in range(6, 600, 10))]

    assert run(RULE, raised_then_between) == [(5, "raised")]
    assert run(RULE, [(float(t), 9.9) for t in range(600)]) == []


def test_a_relapse_within_the_clearance_time_is_the_same_alarm() -> None:
    values = [(0.0, 11.0), (5.0, 11.0), (6.0, 1.0), (20.0, 11.0), (21.0, 1.0), (40.0, 1.0), (41.0, 1.0)]

    assert run(RULE, values) == [(5.0, "raised"), (41.0, "cleared")]


def test_what_remains_is_raised_when_little_is_left_and_cleared_when_there_is_more() -> None:
    rule = rule_for(Comparison.REMAINING, 14.0, clearance_ratio=0.8, detection_seconds=5.0, clearance_seconds=60.0)

    assert run(rule, [(0, 15), (1, 14), (2, 3), (3, -1), (4, 90)]) == [(1, "raised"), (4, "cleared")]


def test_counts_and_durations_end_at_nothing() -> None:
    for kind in (Comparison.COUNT, Comparison.DURATION):
        rule = rule_for(kind, 3.0, clearance_ratio=0.8, detection_seconds=9.0, clearance_seconds=0.0)
        assert run(rule, [(0, 2), (1, 3), (2, 1), (3, 0.5), (4, 0)]) == [(1, "raised"), (4, "cleared")]


def test_a_peak_needs_no_detection_time() -> None:
    rule = rule_for(Comparison.PEAK, 1.0, clearance_ratio=0.5, detection_seconds=9.0, clearance_seconds=10.0)

    assert run(rule, [(0, 2), (1, 0), (5, 0.6), (6, 0), (15, 0), (16, 0)]) == [(0, "raised"), (16, "cleared")]


@given(
    values=st.lists(st.tuples(st.floats(0, 10), st.floats(-5, 25, allow_nan=False)), max_size=60),
    detection=st.floats(0, 10),
    clearance=st.floats(0, 10),
)
def test_raise_and_clear_alternate_whatever_is_measured(
    values: list[tuple[float, float]], detection: float, clearance: float
) -> None:
    rule, state, now, told = Rule(10.0, 8.0, detection, clearance), ConditionState(), 0.0, []
    for delay, value in values:
        now += delay
        before = state
        state, transition = step(state, rule, value, now)
        told.append(transition)
        assert state.raised == (before.raised if transition is None else transition is Transition.RAISED)
        assert transition is not Transition.RAISED or value >= 10.0
        assert transition is not Transition.CLEARED or value <= 8.0
    happened = [each for each in told if each]
    assert happened == [Transition.RAISED, Transition.CLEARED] * (len(happened) // 2) + [Transition.RAISED] * (
        len(happened) % 2
    )


# --- books -----------------------------------------------------------------------------------------------------------

NAME = "PacingResponseTargetError"
RULES = {NAME: Rule(3.0, 0.0), "StatisticsStale": Rule(50.0, 40.0)}


def book(**options: int) -> AlarmBook:
    return AlarmBook(Scope.CLUSTER, "n1", **options)


def told(events: list) -> list[tuple[str, str]]:
    return [(event.transition.value, event.alarm.object) for event in events]


def test_each_object_has_its_own_alarm() -> None:
    alarms = book()

    first = alarms.observe(RULES, {NAME: {"A": Reading(3, "no such queue"), "B": Reading(1)}}, 0, 100)
    again = alarms.observe(RULES, {NAME: {"A": Reading(4), "B": Reading(2)}}, 5, 105)
    last = alarms.observe(RULES, {NAME: {"B": Reading(3)}}, 10, 110)

    assert (told(first), told(again), told(last)) == ([("raised", "A")], [], [("cleared", "A"), ("raised", "B")])
    assert first[0].summary == f"{NAME} on A: 3 pushes, threshold 3 pushes (no such queue)"
    assert first[0].alarm.identity == last[0].alarm.identity
    assert [each.object for each in alarms.active] == ["B"]


def test_a_condition_that_is_not_known_at_the_moment_stays_as_it_is() -> None:
    alarms = book()
    alarms.observe(RULES, {NAME: {"A": Reading(3)}}, 0, 100)

    assert alarms.observe(RULES, {}, 1000, 1100) == []
    assert len(alarms.active) == 1


def test_switching_a_condition_off_clears_its_alarms() -> None:
    alarms = book()
    alarms.observe(RULES, {NAME: {"A": Reading(3), "B": Reading(2)}}, 0, 100)

    events = alarms.observe({}, {NAME: {"A": Reading(9)}}, 1, 101)

    assert told(events) == [("cleared", "A")]
    assert events[0].text == "the condition was switched off"
    assert alarms.active == ()


def test_an_active_alarm_keeps_the_text_it_was_raised_with_and_shows_the_newest() -> None:
    site = AlarmBook(Scope.CLUSTER, "n1")
    rules = RULES
    for now, text in ((0.0, "HTTP 401"), (1.0, "connection refused"), (2.0, "")):
        site.observe(rules, {NAME: {"platform": Reading(3.0 + now, text)}}, now, now)
    (alarm,) = site.active
    assert (alarm.text, alarm.newest_text) == ("HTTP 401", "connection refused")
    assert decode_alarms(encode_alarms(site.active)) == site.active
    repeated = AlarmEvent(Transition.RAISED, alarm, 3.0, "n1", repeated=True)
    assert "(HTTP 401; now: connection refused)" in repeated.summary


def test_what_every_node_raises_has_one_identity() -> None:
    def raised_by(node: str, at: float) -> Alarm:
        site = AlarmBook(Scope.NODE, node)
        reading = Reading(20.0, f"state of {node}", occasion="epoch-7")
        site.observe({"NoMaster": Rule(15.0, 0.0)}, {"NoMaster": {"demo": reading}}, at, at)
        return site.active[0]

    one, other = raised_by("n1", 100.0), raised_by("n2", 103.0)
    assert one.identity == other.identity == "NoMaster/demo/epoch-7"


def test_an_alarm_of_an_older_version_is_understood() -> None:
    body = encode_alarms([Alarm(NAME, "platform", "n1", 5.0, 3.0, 3.0, "HTTP 401")])
    older = json.loads(body)
    del older[0]["occasion"], older[0]["newest_text"]
    assert decode_alarms(json.dumps(older).encode()) == decode_alarms(body)


def test_the_number_of_alarms_of_one_condition_is_bounded_and_the_rest_follows_when_there_is_room() -> None:
    alarms = book(most_per_condition=2)
    many = {NAME: {name: Reading(3) for name in "ABCDE"}}

    first = alarms.observe(RULES, many, 0, 100)
    withheld = dict(alarms.withheld)
    gone = {item.alarm.object for item in first}
    rest = {NAME: {name: Reading(4) for name in "ABCDE" if name not in gone}}
    later = alarms.observe(RULES, rest, 5, 105) + alarms.observe(RULES, rest, 6, 106)

    assert len(first) == 2
    assert withheld == {NAME: 3}
    assert {each for each in told(later) if each[0] == "cleared"} == {("cleared", name) for name in gone}
    assert sum(1 for each in told(later) if each[0] == "raised") == 2


def test_the_next_book_goes_on_where_the_one_before_ended() -> None:
    before = book()
    before.observe(RULES, {NAME: {"A": Reading(3)}, "StatisticsStale": {"statistics": Reading(90)}}, 7000, 100)
    after = AlarmBook(Scope.CLUSTER, "n2")

    after.adopt(decode_alarms(encode_alarms(before.active)))

    assert after.active == before.active
    still = {NAME: {"A": Reading(1)}, "StatisticsStale": {"statistics": Reading(80)}}
    assert after.observe(RULES, still, 3, 200) == []
    over = after.observe(RULES, {NAME: {}, "StatisticsStale": {"statistics": Reading(0)}}, 4, 201)
    assert told(over) == [("cleared", "A"), ("cleared", "statistics")]
    assert {(event.node, event.alarm.node) for event in over} == {("n2", "n1")}


def test_a_book_adopts_its_own_conditions_only() -> None:
    alarms = book()
    alarms.observe(RULES, {NAME: {"A": Reading(3)}}, 0, 100)
    own = AlarmBook(Scope.NODE, "n1")

    own.adopt(alarms.active)

    assert own.active == ()


def test_every_threshold_of_the_options_belongs_to_a_condition() -> None:
    fields = AlarmOptions.model_fields
    assert set(CONDITION_KEYS.values()) == set(BY_KEY)
    assert {key_of(name, fields[name]).name: name for name in CONDITION_KEYS.values()} == CONDITION_KEYS
    assert len(BY_NAME) == len(CONDITIONS)
    assert all(math.isfinite(float(getattr(AlarmOptions(), key))) for key in BY_KEY)


def test_the_conditions_of_the_reference_product_come_first_by_their_names() -> None:
    assert [condition.name for condition in CONDITIONS[:5]] == [
        "GC Latency",
        "Heap Memory Usage",
        "PacingRequestsFailed",
        "PacingResponseTargetError",
        "PacingResponseValidationError",
    ]


def test_an_adopted_alarm_is_active_not_rising() -> None:
    alarms = book()
    rules = {NAME: Rule(3.0, 0.0, detection_seconds=60.0)}
    source = book()
    source.observe(RULES, {NAME: {"A": Reading(3)}}, 0, 100)
    alarms.adopt(source.active)

    assert alarms.observe(rules, {NAME: {"A": Reading(5)}}, 0, 100) == []
    assert alarms.active[0].object == "A"
    assert ConditionState().phase is Phase.QUIET


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_a_damaged_list_of_alarms_is_refused_and_never_half_taken(body: bytes) -> None:
    try:
        alarms = decode_alarms(body)
    except ValueError:
        return
    assert alarms == ()


def test_an_alarm_with_a_number_beyond_all_is_damage() -> None:
    source = book()
    source.observe(RULES, {NAME: {"A": Reading(3)}}, 0, 100)
    items = json.loads(encode_alarms(source.active))
    items[0]["raised_at"] = 10**400
    with pytest.raises(ValueError, match="too large"):
        decode_alarms(json.dumps(items).encode())
