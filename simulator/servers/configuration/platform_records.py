"""The configuration objects as records of the platform configuration interface: numbers as text, links as DBIDs."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

Records = dict[str, list[dict[str, Any]]]

_FIRST_DBID = 101


class Numbers:
    """DBIDs by name, as they are first asked for; each type counts for itself."""

    def __init__(self) -> None:
        self._next = count(_FIRST_DBID)
        self._known: dict[str, str] = {}

    def of(self, name: str) -> str:
        """The DBID of a name."""
        if name not in self._known:
            self._known[name] = str(next(self._next))
        return self._known[name]

    @property
    def names(self) -> dict[str, str]:
        """DBIDs by name."""
        return self._known


def platform_records(objects: dict[str, Any]) -> Records:
    """Records by type. The annex of an object is its ``userProperties``; a virtual group's script is in its
    section ``virtual``.
    """
    switches, skills, rules, persons, dns = (Numbers() for _ in range(5))
    records: Records = {
        "switches": [
            {"DBID": switches.of(entry["name"]), "name": entry["name"], "type": entry["type"], "state": "CFGEnabled"}
            for entry in objects["switches"]
        ],
        "dns": [_dn(entry, dns, switches) for entry in objects["virtual_queues"]],
        "persons": [_person(entry, persons, skills, rules) for entry in objects["agents"]],
        "agent-groups": [_group(entry, number, persons, dns) for number, entry in _numbered(objects["agent_groups"])],
        "transactions": [_transaction(entry, number) for number, entry in _numbered(objects["transactions"])],
    }
    for rule in objects["capacity_rules"]:
        rules.of(rule["name"])
    records["skills"] = [{"DBID": dbid, "name": name, "state": "CFGEnabled"} for name, dbid in skills.names.items()]
    records["scripts"] = [
        {"DBID": dbid, "name": name, "type": "CFGCapacityRule", "state": "CFGEnabled"}
        for name, dbid in rules.names.items()
    ]
    return records


def _numbered(entries: Iterable[dict[str, Any]]) -> Iterable[tuple[str, dict[str, Any]]]:
    return ((str(number), entry) for number, entry in enumerate(entries, start=_FIRST_DBID))


def _state(entry: dict[str, Any]) -> str:
    return "CFGEnabled" if entry.get("enabled", True) else "CFGDisabled"


def _properties(annex: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"key": section, "value": [{"key": key, "value": str(value)} for key, value in options.items()]}
        for section, options in annex.items()
    ]


def _dn(entry: dict[str, Any], dns: Numbers, switches: Numbers) -> dict[str, Any]:
    return {
        "DBID": dns.of(f"{entry['number']}@{entry['switch']}"),
        "number": entry["number"],
        "name": entry["alias"],
        "type": "CFGVirtACDQueue",
        "switchDBID": switches.of(entry["switch"]),
        "state": _state(entry),
        "userProperties": _properties(entry["annex"]),
    }


def _person(entry: dict[str, Any], persons: Numbers, skills: Numbers, rules: Numbers) -> dict[str, Any]:
    rule = entry["capacity_rule"]
    levels = [{"skillDBID": skills.of(name), "level": str(level)} for name, level in entry["skills"].items()]
    return {
        "DBID": persons.of(entry["user_name"]),
        "userName": entry["user_name"],
        "employeeID": entry["employee_id"],
        "isAgent": "2",
        "state": _state(entry),
        "agentInfo": {"capacityRuleDBID": rules.of(rule) if rule else "0", "skillLevels": levels},
    }


def _group(entry: dict[str, Any], number: str, persons: Numbers, dns: Numbers) -> dict[str, Any]:
    annex = dict(entry.get("annex", {}))
    if entry.get("script"):
        annex["virtual"] = {"script": entry["script"]}
    return {
        "DBID": number,
        "groupInfo": {
            "DBID": number,
            "name": entry["name"],
            "state": _state(entry),
            "routeDNDBIDs": [dns.of(name) for name in entry["origination_dns"]],
            "userProperties": _properties(annex),
        },
        "agentDBIDs": [persons.of(name) for name in entry.get("agents", ())],
    }


def _transaction(entry: dict[str, Any], number: str) -> dict[str, Any]:
    return {
        "DBID": number,
        "name": entry["name"],
        "type": "CFGTRTList",
        "state": _state(entry),
        "userProperties": _properties(entry["annex"]),
    }
