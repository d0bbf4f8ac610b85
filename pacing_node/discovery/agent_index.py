"""Agents indexed by skill and login, so that a virtual group is found without asking every agent."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from pacing_node.discovery.expressions import (
    OPERATORS,
    And,
    Expression,
    LoggedIn,
    Not,
    SkillExists,
    SkillLevel,
    SkillsCompared,
    conditions,
    login_places,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pacing_node.algorithms.model import BoolArray, IntArray
    from pacing_node.objects.object_model import Agent


class AgentIndex:
    """Answers expressions over a fixed set of agents with array operations."""

    def __init__(self, agents: Sequence[Agent]) -> None:
        ordered = sorted(agents, key=lambda agent: agent.user_name)
        self._names = np.array([agent.user_name for agent in ordered], object)
        self._skills = {
            skill: (np.array([row for row, _ in pairs], np.int64), np.array([level for _, level in pairs], np.int64))
            for skill, pairs in _levels(ordered).items()
        }
        self._logins = {place: np.array(rows, np.int64) for place, rows in _logins(ordered).items()}

    def members(self, expression: Expression) -> tuple[str, ...]:
        """User names of the agents for whom the expression holds, sorted."""
        return tuple(self._names[self._mask(expression)])

    def unknown_skills(self, expression: Expression) -> tuple[str, ...]:
        """Skills the expression names and no agent has, sorted."""
        named: set[str] = set()
        for condition in conditions(expression):
            if not isinstance(condition, LoggedIn):
                named.add(condition.skill)
            if isinstance(condition, SkillsCompared):
                named.add(condition.other)
        return tuple(sorted(named - self._skills.keys()))

    def unknown_places(self, expression: Expression) -> tuple[str, ...]:
        """Queues and switches the expression names and no agent is logged in to, sorted."""
        named = {condition.place for condition in conditions(expression) if isinstance(condition, LoggedIn)}
        return tuple(sorted(named - self._logins.keys()))

    def _mask(self, expression: Expression) -> BoolArray:
        match expression:
            case SkillLevel(skill, sign, level):
                return self._at_level(skill, sign, level)
            case SkillExists(skill):
                return self._rows(self._skills[skill][0] if skill in self._skills else None)
            case SkillsCompared(skill, sign, other):
                return np.asarray(OPERATORS[sign](self._levels(skill), self._levels(other)), np.bool_)
            case LoggedIn(place):
                return self._rows(self._logins.get(place))
            case Not(part):
                return np.logical_not(self._mask(part))
        combine = np.logical_and if isinstance(expression, And) else np.logical_or
        return np.asarray(combine.reduce([self._mask(part) for part in expression.parts]), np.bool_)

    def _at_level(self, skill: str, sign: str, level: int) -> BoolArray:
        return np.asarray(OPERATORS[sign](self._levels(skill), level), np.bool_)

    def _levels(self, skill: str) -> IntArray:
        """Everybody's level of a skill; those without it count as level 0."""
        everybody = np.zeros(len(self._names), np.int64)
        if skill in self._skills:
            rows, levels = self._skills[skill]
            everybody[rows] = levels
        return everybody

    def _rows(self, rows: IntArray | None) -> BoolArray:
        mask = np.zeros(len(self._names), np.bool_)
        if rows is not None:
            mask[rows] = True
        return mask


def _levels(agents: Sequence[Agent]) -> dict[str, list[tuple[int, int]]]:
    levels: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for row, agent in enumerate(agents):
        for skill, level in agent.skills.items():
            levels[skill].append((row, level))
    return levels


def _logins(agents: Sequence[Agent]) -> dict[str, list[int]]:
    logins: defaultdict[str, list[int]] = defaultdict(list)
    for row, agent in enumerate(agents):
        for place in dict.fromkeys(place for login in agent.logins for place in login_places(login)):
            logins[place].append(row)
    return logins
