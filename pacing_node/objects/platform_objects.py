"""Configuration objects from the records of the platform configuration interface (GWS).

The interface returns Config Server's objects by type, numbers as text, references as DBIDs. Documented are the
addresses and the envelope; the fields of agent groups, DNs, persons and transactions are inferred from the names
Config Server itself uses. This module is the only place that knows them.

What a capacity rule allows is kept in a script object whose content has no public description. Its name is read from
there, its content from a file in our own form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from pacing_node.objects.object_files import KINDS
from pacing_node.objects.object_reader import ObjectReader
from pacing_node.runtime.gc_freeze import uncollected

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pacing_node.objects.object_model import ConfigurationObjects
    from pacing_node.options.yaml_documents import Value

TYPES = ("switches", "dns", "skills", "scripts", "persons", "agent-groups", "transactions")
"""Types of records that are read, in the plural the interface uses."""
Records: TypeAlias = "Mapping[str, Sequence[Any]]"
"""Records by type, as they were received."""

_ENABLED = frozenset({"", "1", "enabled", "cfgenabled"})
_DELETED = frozenset({"3", "deleted", "cfgdeleted"})
_NO_AGENT = frozenset({"0", "1", "false", "cfgfalse"})
_NO_REFERENCE = frozenset({"", "0"})


@uncollected()
def objects_from_platform(
    records: Records, version: str, tenant: str = "", rules: Sequence[Value] = ()
) -> ConfigurationObjects:
    """Build the objects; a broken record is left out, with a finding.

    Args:
        records: what was received.
        version: name of this state of the configuration.
        tenant: tenant the records belong to.
        rules: capacity rules in the form of the configuration YAML.
    """
    tree = tree_from_platform(records, rules)
    reader = ObjectReader()
    for kind in KINDS:
        getattr(reader, kind)(("", 0, item) for item in tree[kind])
    return reader.objects(version, tenant)


def tree_from_platform(records: Records, rules: Sequence[Value] = ()) -> dict[str, list[Value]]:
    """The records in the form of the configuration YAML."""
    return _Translation(records).tree(rules)


class _Translation:
    """Resolves the references between the records of one state."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._switches = dict(self._named("switches", "name"))
        self._skills = dict(self._named("skills", "name"))
        self._scripts = dict(self._named("scripts", "name"))
        self._persons = dict(self._named("persons", "userName"))
        self._dns = {_text(item, "DBID"): f"{_text(item, 'number')}@{self._switch(item)}" for item in self._live("dns")}

    def tree(self, rules: Sequence[Value]) -> dict[str, list[Value]]:
        listed = {dbid for group in self._live("agent-groups") for dbid in _texts(_info(group).get("routeDNDBIDs"))}
        queues = (item for item in self._live("dns") if _is_queue(item) or _text(item, "DBID") in listed)
        agents = (item for item in self._live("persons") if _text(item, "isAgent").lower() not in _NO_AGENT)
        return {
            "switches": [_switch(item) for item in self._live("switches")],
            "virtual_queues": [self._queue(item) for item in queues],
            "agents": [self._agent(item) for item in agents],
            "capacity_rules": list(rules),
            "agent_groups": [self._group(item) for item in self._live("agent-groups")],
            "transactions": [_transaction(item) for item in self._live("transactions")],
        }

    def _live(self, kind: str) -> Iterator[Mapping[str, Any]]:
        """Records that are records and not marked as deleted."""
        for item in self._records.get(kind, ()):
            if isinstance(item, dict) and _text(_info(item), "state").lower() not in _DELETED:
                yield item

    def _named(self, kind: str, field: str) -> Iterator[tuple[str, str]]:
        return ((_text(item, "DBID"), _text(item, field)) for item in self._live(kind))

    def _switch(self, dn: Mapping[str, Any]) -> str:
        return _resolved(self._switches, _text(dn, "switchDBID"))

    def _queue(self, item: Mapping[str, Any]) -> Value:
        """The number is also the name: the alias has to equal it, and is what is doubtful when it does not."""
        number = _text(item, "number")
        return {
            "name": number,
            "number": number,
            "alias": _text(item, "name"),
            "switch": self._switch(item),
            "annex": _annex(item.get("userProperties")),
            "enabled": _enabled(item),
        }

    def _agent(self, item: Mapping[str, Any]) -> Value:
        info = item.get("agentInfo")
        info = info if isinstance(info, dict) else {}
        rule = _text(info, "capacityRuleDBID")
        levels = info.get("skillLevels")
        skills: dict[str, Value] = {
            _resolved(self._skills, _text(level, "skillDBID")): _text(level, "level")
            for level in (levels if isinstance(levels, list) else ())
            if isinstance(level, dict)
        }
        return {
            "user_name": _text(item, "userName"),
            "employee_id": _text(item, "employeeID"),
            "skills": skills,
            "capacity_rule": "" if rule in _NO_REFERENCE else _resolved(self._scripts, rule),
            "enabled": _enabled(item),
        }

    def _group(self, item: Mapping[str, Any]) -> Value:
        """A script in the section ``virtual`` of the annex makes a group virtual; its listed members do not count."""
        info = _info(item)
        annex = _annex(info.get("userProperties"))
        virtual = annex.pop("virtual", {})
        script = str(virtual.get("script") or "") if isinstance(virtual, dict) else ""
        members: list[Value] = [_resolved(self._persons, dbid) for dbid in _texts(item.get("agentDBIDs"))]
        dns: list[Value] = [_resolved(self._dns, dbid) for dbid in _texts(info.get("routeDNDBIDs"))]
        group: dict[str, Value] = {"name": _text(info, "name")}
        group |= {"script": script} if script else {"agents": members}
        return group | {"origination_dns": dns, "annex": annex, "enabled": _enabled(info)}


def _switch(item: Mapping[str, Any]) -> Value:
    return {"name": _text(item, "name"), "type": _text(item, "type")}


def _transaction(item: Mapping[str, Any]) -> Value:
    annex = _annex(item.get("userProperties"))
    return {"name": _text(item, "name"), "type": _text(item, "type"), "annex": annex}


def _info(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part of a group that has its name and annex; the record itself where there is none."""
    info = item.get("groupInfo")
    return info if isinstance(info, dict) else item


def _is_queue(item: Mapping[str, Any]) -> bool:
    return "virtual" in _text(item, "type").lower() or "pacing" in _annex(item.get("userProperties"))


def _enabled(item: Mapping[str, Any]) -> str:
    return "true" if _text(item, "state").lower() in _ENABLED else "false"


def _text(item: Mapping[str, Any], field: str) -> str:
    value = item.get(field)
    return str(value).strip() if isinstance(value, (str, int, float)) else ""


def _texts(value: object) -> list[str]:
    """A list of references; also as objects with a DBID each."""
    items: Iterable[Any] = value if isinstance(value, list) else ()
    return [_text(item, "DBID") if isinstance(item, dict) else str(item) for item in items]


def _resolved(names: Mapping[str, str], dbid: str) -> str:
    """The name behind a reference; a word for the findings where there is none."""
    return names.get(dbid) or f"DBID {dbid}"


def _annex(value: object) -> dict[str, Value]:
    """Sections of options, received as nested mappings or as lists of ``{key, value}``."""
    return {name: {key: _option(option) for key, option in _pairs(section)} for name, section in _pairs(value)}


def _pairs(value: object) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [(str(key), item) for key, item in value.items()]
    items: Iterable[Any] = value if isinstance(value, list) else ()
    return [(str(item["key"]), item.get("value")) for item in items if isinstance(item, dict) and "key" in item]


def _option(value: object) -> Value:
    return str(value) if isinstance(value, (str, int, float)) else None
