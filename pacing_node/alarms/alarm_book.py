"""The alarms of one scope: what is active and what a round of readings changes. Pure; the clocks come from outside."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pacing_node.alarms.conditions import BY_NAME, CONDITIONS, Scope
from pacing_node.alarms.machine import ConditionState, Phase, Transition, step

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pacing_node.alarms.conditions import AlarmSeverity, Condition
    from pacing_node.alarms.machine import Rule

MOST_PER_CONDITION = 100
"""Most objects with an active alarm of one condition: an outage of 10,000 targets must not become 10,000 messages."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One measured value of an object."""

    value: float
    text: str = ""
    """What else is known, for people; never a secret."""
    occasion: str = ""
    """Distinguishes this occasion from others, the same on every node; empty where only one node raises it."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm that is raised."""

    condition: str
    object: str
    """What it is about: a target, a node, a certificate, …"""
    node: str
    """The node that raised it."""
    raised_at: float
    """Unix time in seconds."""
    value: float
    """What was measured when it was raised."""
    threshold: float
    text: str = ""
    """What else was known when it was raised."""
    occasion: str = ""
    """The same on every node that raises it; empty where only one does."""
    newest_text: str = ""
    """What else is known now, where that is something else."""

    @property
    def definition(self) -> Condition:
        """The condition with its scope, severity and unit."""
        return BY_NAME[self.condition]

    @property
    def severity(self) -> AlarmSeverity:
        """How bad it is."""
        return self.definition.severity

    @property
    def scope(self) -> Scope:
        """Whose alarm it is."""
        return self.definition.scope

    @property
    def identity(self) -> str:
        """The same for raise and clear, on whichever node: condition, object, and occasion or time of the raise."""
        return f"{self.condition}/{self.object}/{self.occasion or f'{self.raised_at:.3f}'}"


@dataclass(frozen=True, slots=True)
class AlarmEvent:
    """An alarm was raised or cleared."""

    transition: Transition
    alarm: Alarm
    at: float
    """Unix time in seconds."""
    node: str
    """The node that sends it; after a hand-over not the node that raised the alarm."""
    text: str = ""
    """Why it was cleared."""
    repeated: bool = False
    """True when a raised alarm is repeated for a receiver that would forget it."""

    @property
    def summary(self) -> str:
        """One line for people."""
        alarm, unit = self.alarm, self.alarm.definition.unit
        head = f"{alarm.condition} on {alarm.object}"
        if self.transition is Transition.CLEARED:
            return f"{head} cleared" + (f": {self.text}" if self.text else "")
        bound = f"{alarm.value:.4g} {unit}, threshold {alarm.threshold:.4g} {unit}"
        now = f"now: {alarm.newest_text}" if alarm.newest_text else ""
        known = "; ".join(each for each in (alarm.text, now) if each)
        return f"{head}: {bound}" + (f" ({known})" if known else "")


class AlarmBook:
    """State machines of the conditions of one scope."""

    def __init__(self, scope: Scope, node: str, most_per_condition: int = MOST_PER_CONDITION) -> None:
        """The book of the cluster, or of a node with what every node raises alike."""
        shared = scope is Scope.CLUSTER
        self._conditions = tuple(each for each in CONDITIONS if (each.scope is Scope.CLUSTER) is shared)
        self._node = node
        self._most = most_per_condition
        self._states: dict[str, dict[str, ConditionState]] = {condition.name: {} for condition in self._conditions}
        self._alarms: dict[tuple[str, str], Alarm] = {}
        self.withheld: dict[str, int] = {}
        """Objects per condition whose alarm waits because too many of its condition are active."""

    @property
    def active(self) -> tuple[Alarm, ...]:
        """Alarms that are raised now, oldest first."""
        return tuple(sorted(self._alarms.values(), key=lambda alarm: (alarm.raised_at, alarm.condition, alarm.object)))

    def adopt(self, alarms: Iterable[Alarm]) -> None:
        """Continue with these alarms, raised by the previous owner of the book; everything else is forgotten."""
        self._alarms = {}
        for states in self._states.values():
            states.clear()
        for alarm in alarms:
            if alarm.condition in self._states:
                self._alarms[alarm.condition, alarm.object] = alarm
                self._states[alarm.condition][alarm.object] = ConditionState(Phase.ACTIVE, -math.inf)

    def observe(
        self, rules: Mapping[str, Rule], readings: Mapping[str, Mapping[str, Reading]], now: float, at: float
    ) -> list[AlarmEvent]:
        """Take in a round of readings by condition and object; returns what is raised and cleared by it.

        A condition without a rule is switched off: its alarms are cleared. A condition without readings is not known at
        the moment and stays as it is. An object missing from a condition's readings is fine or gone. ``now`` counts
        seconds on a clock that never goes back, ``at`` is Unix time.
        """
        events: list[AlarmEvent] = []
        for condition in self._conditions:
            name = condition.name
            if (rule := rules.get(name)) is None:
                events += self._switch_off(name, at)
            elif (found := readings.get(name)) is not None:
                events += self._observe(name, rule, found, now, at)
        return events

    def _switch_off(self, name: str, at: float) -> list[AlarmEvent]:
        objects = [item for item, state in self._states[name].items() if state.raised]
        self._states[name].clear()
        return [self._clear(name, item, at, "the condition was switched off") for item in objects]

    def _observe(self, name: str, rule: Rule, found: Mapping[str, Reading], now: float, at: float) -> list[AlarmEvent]:
        states, events = self._states[name], []
        fine = Reading(math.inf if rule.falling else -math.inf)
        raised = sum(1 for state in states.values() if state.raised)
        self.withheld[name] = 0
        for item in {*states, *found}:
            reading = found.get(item, fine)
            before = states.get(item, ConditionState())
            after, transition = step(before, rule, reading.value, now)
            if transition is Transition.RAISED and raised >= self._most:
                after, transition = before, None
                self.withheld[name] += 1
            if transition is Transition.RAISED:
                raised += 1
                events.append(self._raise(name, item, rule, reading, at))
            elif transition is Transition.CLEARED:
                raised -= 1
                events.append(self._clear(name, item, at, reading.text))
            elif after.phase is Phase.ACTIVE:
                self._renew(name, item, reading.text)
            if after.phase is Phase.QUIET:
                states.pop(item, None)
            else:
                states[item] = after
        return sorted(events, key=lambda event: event.alarm.object)

    def _raise(self, name: str, item: str, rule: Rule, reading: Reading, at: float) -> AlarmEvent:
        alarm = Alarm(name, item, self._node, at, reading.value, rule.threshold, reading.text, reading.occasion)
        self._alarms[name, item] = alarm
        return AlarmEvent(Transition.RAISED, alarm, at, self._node)

    def _renew(self, name: str, item: str, text: str) -> None:
        """Keep the newest text beside the one the alarm was raised with."""
        alarm = self._alarms[name, item]
        newest = "" if text == alarm.text else text
        if text and newest != alarm.newest_text:
            self._alarms[name, item] = replace(alarm, newest_text=newest)

    def _clear(self, name: str, item: str, at: float, text: str) -> AlarmEvent:
        return AlarmEvent(Transition.CLEARED, self._alarms.pop((name, item)), at, self._node, text)
