"""Builds configuration objects from plain data, one at a time: a broken object is left out and reported.

The data has the fields of ``contact_center/v1/configuration.proto`` in snake_case, scalars as text.
"""

from __future__ import annotations

import marshal
from dataclasses import fields
from typing import TYPE_CHECKING, TypeVar

from cluster.outside_text import MOST_NAME, invisible, legible, one_line, text_fault
from pacing_node.objects.object_model import (
    Agent,
    AgentGroup,
    CapacityRule,
    ConfigurationObject,
    ConfigurationObjects,
    Switch,
    Transaction,
    VirtualQueue,
    place,
    where,
)
from pacing_node.options.schema import suggestion
from pacing_node.targets import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pacing_node.objects.object_model import Annex, Item
    from pacing_node.options.yaml_documents import Value

T = TypeVar("T", bound=ConfigurationObject)

_LONGEST_FINDING = 500
_PLACE = frozenset({"origin", "line"})
"""Fields of objects that no source has: they say where an object comes from."""
_NO_ANNEX: Annex = {}
_NO_NUMBERS: Mapping[str, int] = {}

MAX_CAPACITY = 1000
"""Highest number of interactions per medium a capacity rule may allow."""
_FLAGS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


class _BrokenObjectError(Exception):
    """An object cannot be used; the text says what was found and what is allowed."""


class Shared:
    """One of equal texts and annexes for all objects of a reading: nobody changes them, and thousands are alike."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        """Texts that can be used as names, as they were found; each with the text to use."""
        self.all_print = True
        """Whether all of them consist of characters that print."""
        self._annexes: dict[bytes, Annex] = {}

    def name(self, found: str, text: str) -> str:
        """The first text that equals this one, which was found and can be used as a name."""
        if text != found:
            text = self.name(text, text)
        elif not text.isprintable():
            self.all_print = False
        return self.names.setdefault(found, text)

    def annex(self, found: dict[str, Value], read: Callable[[dict[str, Value]], tuple[Annex, bool]]) -> Annex:
        """What was read of an equal annex before; of one that is the first, what ``read`` says, if it can be kept."""
        key = marshal.dumps(found, 2)
        if (annex := self._annexes.get(key)) is None:
            annex, whole = read(found)
            if whole:
                self._annexes[key] = annex
        return annex


class Fields:
    """The fields of one object, read by kind."""

    __slots__ = ("_data", "_shared", "line", "origin", "unusable")

    def __init__(self, data: Mapping[str, Value], origin: str, line: int, shared: Shared) -> None:
        self._data = data
        self._shared = shared
        self.origin = origin
        self.line = line
        self.unusable: list[str] = []
        """Entries of lists and mappings that cannot be used, in words: they are left out, the object stays."""

    def unknown(self, keys: Sequence[str], known: frozenset[str]) -> tuple[tuple[str, str], ...]:
        """Keys the kind does not have, each with what may have been meant; ``known`` are the same keys."""
        if known.issuperset(self._data):
            return ()
        return tuple((key, suggestion(key, tuple(keys))) for key in self._data if key not in known)

    def text(self, key: str, *, required: bool = False, free: bool = False) -> str:
        """A name, or with ``free`` text of any length and several lines; empty when it is missing and not required."""
        value = self._data.get(key)
        if value is None or value == "":
            if required:
                raise _BrokenObjectError(f"{key}: found nothing; allowed: text")
            return ""
        if not isinstance(value, str):
            raise _BrokenObjectError(f"{key}: found {_kind(value)}; allowed: text")
        if (known := self._shared.names.get(value)) is not None:
            return known
        text = value.strip()
        # Every page, record, log and receiver takes what is usable; the one rule for whatever source it comes from.
        if fault := text_fault(text, most=None if free else MOST_NAME, lines=free):
            raise _BrokenObjectError(f"{key}: found {fault}")
        return text if free else self._shared.name(value, text)

    def flag(self, key: str, *, default: bool) -> bool:
        """A truth value."""
        value = self._data.get(key)
        if value is None:
            return default
        known = _FLAGS.get(value.lower()) if isinstance(value, str) else None
        if known is None:
            raise _BrokenObjectError(f"{key}: found {_kind(value)}; allowed: true or false")
        return known

    def words(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        value = self._data.get(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise _BrokenObjectError(f"{key}: found {_kind(value)}; allowed: a list of texts")
        words, names = [], self._shared.names
        for place_in_list, item in enumerate(map(str, value)):
            word = names.get(item)
            if word is None:
                text = item.strip()
                if not self._takes(f"{key}[{place_in_list}]", text):
                    continue
                word = self._shared.name(item, text)
            words.append(word)
        return tuple(words)

    def numbers(self, key: str, highest: int) -> Mapping[str, int]:
        """A mapping of names to whole numbers from 0 to ``highest``."""
        value = self._data.get(key)
        if value is None or value == {}:
            return _NO_NUMBERS
        if not isinstance(value, dict):
            raise _BrokenObjectError(f"{key}: found {_kind(value)}; allowed: a mapping of names to whole numbers")
        numbers = {}
        for name, given in value.items():
            if (
                not isinstance(given, str)
                or not given.isascii()
                or not given.isdigit()
                or len(given) > 12
                or int(given) > highest
            ):
                found = _kind(given)
                raise _BrokenObjectError(f"{key}.{name}: found {found}; allowed: a whole number from 0 to {highest}")
            if self._takes(key, name):
                numbers[name] = int(given)
        return numbers

    def annex(self) -> Annex:
        """Sections of options; a list becomes text separated by commas. Messages never show an option's value."""
        value = self._data.get("annex")
        if value is None or value == {}:
            return _NO_ANNEX
        if not isinstance(value, dict):
            raise _BrokenObjectError(f"annex: found {_kind(value, secret=True)}; allowed: sections of options")
        return self._shared.annex(value, self._sections)

    def _sections(self, found: dict[str, Value]) -> tuple[Annex, bool]:
        """An annex, and whether nothing of it was left out."""
        unusable = len(self.unusable)
        sections = {name: _section(name, section) for name, section in found.items() if self._takes("annex", name)}
        annex = {
            name: {
                option: text for option, text in section.items() if self._takes_option(f"annex.{name}", option, text)
            }
            for name, section in sections.items()
        }
        return annex, len(self.unusable) == unusable

    def _takes_option(self, path: str, option: str, text: str) -> bool:
        return self._takes(path, option) and self._takes(f"{path}.{option}", text, free=True)

    def _takes(self, path: str, text: str, *, free: bool = False) -> bool:
        """Whether an entry can be used; if not, it is noted."""
        fault = text_fault(text.strip(), most=None if free else MOST_NAME, lines=free)
        if fault:
            self.unusable.append(f"{path}: found {fault}; this entry is left out")
        return not fault


def _section(name: str, section: Value) -> dict[str, str]:
    if section is None:
        return {}
    if not isinstance(section, dict):
        raise _BrokenObjectError(f"annex.{name}: found {_kind(section, secret=True)}; allowed: options by name")
    return {option: _option(f"annex.{name}.{option}", value) for option, value in section.items()}


def _option(path: str, value: Value) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(map(str, value))
    if isinstance(value, (dict, list)):
        raise _BrokenObjectError(f"{path}: found {_kind(value)}; allowed: text")
    return value or ""


def _kind(value: Value, *, secret: bool = False) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return "nothing" if value is None else "text" if secret else repr(value[:60])


def _switch(fields: Fields) -> Switch:
    return Switch(fields.text("name", required=True), fields.text("type"), fields.origin, fields.line)


def _virtual_queue(fields: Fields) -> VirtualQueue:
    return VirtualQueue(
        name=fields.text("name", required=True),
        number=fields.text("number", required=True),
        alias=fields.text("alias"),
        switch=fields.text("switch", required=True),
        annex=fields.annex(),
        enabled=fields.flag("enabled", default=True),
        origin=fields.origin,
        line=fields.line,
    )


def _agent(fields: Fields) -> Agent:
    return Agent(
        user_name=fields.text("user_name", required=True),
        employee_id=fields.text("employee_id"),
        skills=fields.numbers("skills", 2**31 - 1),
        capacity_rule=fields.text("capacity_rule"),
        logins=fields.words("logins"),
        enabled=fields.flag("enabled", default=True),
        origin=fields.origin,
        line=fields.line,
    )


def _agent_group(fields: Fields) -> AgentGroup:
    group = AgentGroup(
        name=fields.text("name", required=True),
        agents=fields.words("agents"),
        script=fields.text("script", free=True),
        origination_dns=fields.words("origination_dns"),
        annex=fields.annex(),
        enabled=fields.flag("enabled", default=True),
        origin=fields.origin,
        line=fields.line,
    )
    if group.agents and group.script:
        raise _BrokenObjectError("found agents and a script; allowed: one of them")
    return group


def _capacity_rule(fields: Fields) -> CapacityRule:
    return CapacityRule(
        name=fields.text("name", required=True),
        media=fields.numbers("media", MAX_CAPACITY),
        exclusive=fields.flag("exclusive", default=False),
        origin=fields.origin,
        line=fields.line,
    )


def _transaction(fields: Fields) -> Transaction:
    return Transaction(
        fields.text("name", required=True), fields.text("type"), fields.annex(), fields.origin, fields.line
    )


class ObjectReader:
    """Collects objects from one or several sources, then makes them one set with unique names."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self._shared = Shared()
        self._switches: dict[str, Switch] = {}
        self._queues: dict[str, VirtualQueue] = {}
        self._agents: dict[str, Agent] = {}
        self._groups: dict[str, AgentGroup] = {}
        self._rules: dict[str, CapacityRule] = {}
        self._transactions: dict[str, Transaction] = {}

    def switches(self, items: Iterable[Item]) -> None:
        """Add switches; see :data:`Item`."""
        self._add(items, Switch, _switch, self._switches, lambda switch: switch.name)

    def virtual_queues(self, items: Iterable[Item]) -> None:
        """Add virtual queues, unique by number and switch."""
        self._add(items, VirtualQueue, _virtual_queue, self._queues, lambda queue: f"{queue.number}@{queue.switch}")

    def agents(self, items: Iterable[Item]) -> None:
        """Add agents, unique by user name."""
        self._add(items, Agent, _agent, self._agents, lambda agent: agent.user_name)

    def agent_groups(self, items: Iterable[Item]) -> None:
        """Add agent groups, unique by name."""
        self._add(items, AgentGroup, _agent_group, self._groups, lambda group: group.name)

    def capacity_rules(self, items: Iterable[Item]) -> None:
        """Add capacity rules, unique by name."""
        self._add(items, CapacityRule, _capacity_rule, self._rules, lambda rule: rule.name)

    def transactions(self, items: Iterable[Item]) -> None:
        """Add transactions, unique by name."""
        self._add(items, Transaction, _transaction, self._transactions, lambda transaction: transaction.name)

    def _add(
        self,
        items: Iterable[Item],
        made_of: type[T],
        make: Callable[[Fields], T],
        known: dict[str, T],
        identity: Callable[[T], str],
    ) -> None:
        kind = make.__name__.strip("_").replace("_", " ")
        keys = tuple(each.name for each in fields(made_of) if each.name not in _PLACE)
        allowed = frozenset(keys)
        for origin, line, data in items:
            if not isinstance(data, dict):
                found = f"found {_kind(data)}; allowed: its fields"
                self._report("error", "broken_object", f"{place(origin, line)}: {kind}", found)
                continue
            found_fields = Fields(data, origin, line, self._shared)
            try:
                made = make(found_fields)
            except _BrokenObjectError as error:
                label = f'{kind} "{one_line(data.get("name") or data.get("user_name") or "?", MOST_NAME)}"'
                found_in = f"{place(origin, line)}: {label}" if origin else label
                self._report("error", "broken_object", found_in, str(error))
                continue
            for text in found_fields.unusable:
                self._report("error", "broken_entry", where(made), text)
            for key, meant in found_fields.unknown(keys, allowed):
                self._report("warning", "unknown_key", where(made), f"found an unknown key {key}; allowed: {meant}")
            name = identity(made)
            if not self._shared.all_print and (marks := invisible(f"{made.label} {name}")):
                text = f"found {marks}, which nobody sees; the name is used as it is"
                self._report("warning", "invisible_characters", where(made), text)
            first = known.setdefault(name, made)
            if first is not made:
                first_in = f" (first in {place(first.origin, first.line)})" if first.origin else ""
                text = f"found {made.label} again{first_in}; allowed: it once"
                self._report("error", "duplicate_object", where(made), text)

    def _report(self, severity: str, code: str, found_in: str, message: str) -> None:
        found_in, message = legible(found_in, _LONGEST_FINDING), legible(message, _LONGEST_FINDING)
        self.findings.append(Finding(severity, code, found_in, message))

    def objects(self, version: str, tenant: str) -> ConfigurationObjects:
        """Everything that was collected."""
        return ConfigurationObjects(
            version=version,
            tenant=tenant,
            switches=tuple(self._switches.values()),
            virtual_queues=tuple(self._queues.values()),
            agents=tuple(self._agents.values()),
            agent_groups=tuple(self._groups.values()),
            capacity_rules=tuple(self._rules.values()),
            transactions=tuple(self._transactions.values()),
            findings=tuple(self.findings),
        )
