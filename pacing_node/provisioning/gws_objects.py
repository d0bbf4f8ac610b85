"""Definitions as records of the platform configuration interface (GWS). The one place that knows their fields. Pure.

Documented are the types' names (the plural of the object's name), ``name``, ``DBID`` and numbers as text. Inferred,
from the names Config Server itself uses: an application's options are in ``options``, sections of keys; a statistic
is a section with ``Objects``, ``Category``, ``Subject`` and ``MainMask``; filters are the keys of the section
``Filters``; and the fields of an alarm condition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from pacing_node.provisioning.definitions import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pacing_node.provisioning.definitions import Definition

Options: TypeAlias = "dict[str, dict[str, Any]]"
"""Sections of options."""

APPLICATIONS, ALARM_CONDITIONS, FOLDERS = "applications", "alarm-conditions", "folders"
FILTERS = "Filters"
_STATISTIC = {"objects": "Objects", "category": "Category", "subject": "Subject", "main_mask": "MainMask"}
_CATEGORIES = {"critical": "1", "major": "2", "minor": "3"}


def read_options(record: Mapping[str, Any]) -> Options | None:
    """The options of an application, as nested mappings or lists of ``{key, value}``; None where they are no such."""
    sections = _pairs(record.get("options", {}))
    if sections is None:
        return None
    read = {name: _pairs(entries) for name, entries in sections.items()}
    whole = {name: entries for name, entries in read.items() if entries is not None}
    return whole if len(whole) == len(read) else None


def defined_in(options: Options, definitions: Iterable[Definition]) -> frozenset[tuple[Kind, str]]:
    """Those of the statistics and filters that the options have."""
    return frozenset(item.identity for item in definitions if _there(options, item))


def with_definitions(options: Options, definitions: Iterable[Definition]) -> Options:
    """The options with these statistics and filters put in; everything else as it was."""
    changed = {name: dict(entries) for name, entries in options.items()}
    for item in definitions:
        if item.kind is Kind.FILTER:
            changed.setdefault(FILTERS, {})[item.name] = item.fields["expression"]
        elif item.kind is Kind.STATISTIC:
            changed[item.name] = {_STATISTIC[key]: text for key, text in item.fields.items() if key in _STATISTIC}
    return changed


def hidden_in(options: Options) -> tuple[str, ...]:
    """Options whose values the server hides: writing them back would lose them."""
    return tuple(
        f"{section}/{key}"
        for section, entries in options.items()
        for key, value in entries.items()
        if isinstance(value, str) and len(value) > 2 and set(value) == {"*"}
    )


def written_as(options: Options, like: object) -> Any:
    """The options in the notation they were read in."""
    if not isinstance(like, list):
        return options
    return [
        {"key": name, "value": [{"key": key, "value": value} for key, value in entries.items()]}
        for name, entries in options.items()
    ]


def alarm_record(definition: Definition, application: str, folder: str | None) -> dict[str, Any]:
    """An alarm condition; ``application`` and ``folder`` are DBIDs."""
    fields = definition.fields
    record: dict[str, Any] = {
        "name": definition.name,
        "description": fields["description"],
        "category": _CATEGORIES[fields["category"]],
        "alarmDetectEvent": {"logEventID": fields["detect_event"], "appDBID": application},
        "alarmRemovalEvent": {"logEventID": fields["cancel_event"], "appDBID": application},
    }
    return record if folder is None else record | {"folderDBID": folder}


def folder_record(name: str) -> dict[str, Any]:
    """The folder of the alarm conditions."""
    return {"name": name, "type": "CFGAlarmCondition"}


def _there(options: Options, definition: Definition) -> bool:
    place: Mapping[str, Any] = options.get(FILTERS, {}) if definition.kind is Kind.FILTER else options
    return definition.name in place


def _pairs(value: object) -> dict[str, Any] | None:
    if isinstance(value, dict):
        return {str(key): item for key, item in value.items()}
    if not isinstance(value, list):
        return None
    if not all(isinstance(item, dict) and isinstance(item.get("key"), str) and "value" in item for item in value):
        return None
    return {item["key"]: item["value"] for item in value}
