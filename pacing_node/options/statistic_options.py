"""The section ``statServer.statistics``: how a site's servers know each statistic the service asks for."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from pacing_node.options.allowed import Allowed
from pacing_node.options.schema import NONE_WORD, Key, Section

PROACTIVE_FILTER = "PACS_Proactive_Interaction"
_MOST_FIELDS = 32


class StatisticDefinition(BaseModel):
    """One statistic, in one of three ways: by its name, by its type and a filter, or by a whole definition."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: Annotated[str | None, Field(min_length=1)] = None
    """Name of a statistic the server has; its filter is part of it."""
    type: Annotated[str | None, Field(min_length=1)] = None
    """Type of statistic the server has, to be counted under a filter."""
    filter: Annotated[str | None, Field(min_length=1)] = None
    """Filter of the type."""
    definition: Annotated[dict[str, str], Field(max_length=_MOST_FIELDS)] | None = None
    """The fields of a definition, sent as they are; whole numbers as numbers."""
    asked: bool = True
    """False for a statistic the site does not have."""

    @field_validator("asked", mode="before")
    @classmethod
    def _never_given(cls, _: object) -> bool:
        raise ValueError("none in the place of the statistic")

    @model_validator(mode="after")
    def _one_way(self) -> StatisticDefinition:
        if not self.asked:
            return self
        ways = [way for way in (self.name, self.type, self.definition) if way is not None]
        if len(ways) != 1 or (self.filter is not None and self.type is None):
            raise ValueError("one of name, type (with or without filter) and definition")
        return self

    @property
    def fields(self) -> dict[str, object]:
        """The definition's fields as they are sent."""
        given = self.definition or {}
        return {key: int(text) if text.isascii() and text.isdecimal() else text for key, text in given.items()}


NOT_ASKED = StatisticDefinition.model_construct(asked=False)
"""A statistic the site does not have."""


def _read(value: object) -> object:
    """A text alone is the name; the word none is a statistic the site does not have."""
    if isinstance(value, str):
        return NOT_ASKED if value == NONE_WORD else {"name": value}
    return value


def _kept(value: object) -> object:
    """The same where the value may not be none."""
    read = _read(value)
    if read is NOT_ASKED:
        raise ValueError("a name, or a mapping with name, type and filter, or definition: it cannot be done without")
    return read


_FORMS = "a name, or a mapping with name, with type and filter, or with definition"
Needed: TypeAlias = Annotated[StatisticDefinition | None, BeforeValidator(_kept), Allowed(_FORMS)]
"""A statistic without which nothing can be paced."""
Spared: TypeAlias = Annotated[StatisticDefinition | None, BeforeValidator(_read), Allowed(_FORMS + ", or none")]
"""A statistic that can be done without."""


class StatisticsOptions(Section):
    """How the servers know the statistics; what is not given is asked for as the reference product provisions it."""

    filter: Annotated[str, Field(min_length=1)] = PROACTIVE_FILTER
    """Filter of proactive interactions. It holds for the four statistics that count only those, where they are asked
    for by `type` without a filter of their own; the kind `bridge` asks for them with it."""
    current: Needed = None
    """Proactive interactions waiting, a number."""
    accepted: Needed = None
    """Proactive interactions taken by an agent, a total."""
    abandoned: Needed = None
    """Proactive interactions given up, a total."""
    current_all: Annotated[Spared, Key("currentAll")] = None
    """All interactions waiting."""
    entered: Spared = None
    """Proactive interactions that arrived, a total."""
    entered_all: Annotated[Spared, Key("enteredAll")] = None
    """All interactions that arrived, a total."""
    handle_time: Annotated[Spared, Key("handleTime")] = None
    """Mean handle time, seconds."""
    agent_state: Annotated[Needed, Key("agentState")] = None
    """State of an agent, with the capacity by medium."""
    queue_type: Annotated[str, Field(min_length=1), Key("queueType")] = "Queue"
    """Type of object a queue is asked for as; for the kinds `statistics-api` and `gms`."""
    agent_type: Annotated[str, Field(min_length=1), Key("agentType")] = "Agent"
    """Type of object an agent is asked for as; for the kinds `statistics-api` and `gms`."""

    def given(self) -> dict[str, StatisticDefinition]:
        """The statistics that are given, by the name of their field."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: value for name, value in values.items() if isinstance(value, StatisticDefinition)}

    def unfit(self, kind: str) -> str | None:
        """What a kind of server cannot be asked for, in words for a message; None when all is well."""
        for name, item in self.given().items():
            key = name.replace("_all", "All").replace("_time", "Time").replace("_state", "State")
            if kind == "gms" and item.definition is not None:
                return f"{key}: a name, or a type and a filter: the kind gms takes no definition"
            if kind == "bridge" and item.asked and item.name is None:
                return f"{key}: a name: the kind bridge is asked by names only"
            if kind == "bridge" and not item.asked and name != "handle_time":
                return f"{key}: a name: the kind bridge is asked for every statistic but handleTime"
        if kind == "bridge":
            return self._unlike("current", "current_all") or self._unlike("entered", "entered_all")
        return None

    def _unlike(self, first: str, second: str) -> str | None:
        """The bridge is asked for one name with the filter and without it."""
        names = [item.name if item else None for item in (getattr(self, first), getattr(self, second))]
        if names[1] is not None and names[0] != names[1]:
            return f"{first}: the same name with and without the filter, which the kind bridge needs"
        return None
