"""What can be written over the platform configuration interface: options of applications, folders, alarm conditions.

Statistics and filters are sections of an application's options; the same definitions show on the configuration feed.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from contact_center.v1 import configuration_pb2 as pb
from simulator.servers.configuration.platform_records import Numbers

if TYPE_CHECKING:
    from simulator.servers.configuration.configuration_document import ConfigurationDocument
    from simulator.servers.configuration.platform_records import Records

APPLICATIONS = ("StatServer", "StatServer_Backup", "PacingCluster")
OWN_OPTIONS: dict[str, dict[str, str]] = {
    "statserver": {"auto-sampling": "yes"},
    "TimeZones": {"default": "GMT"},
    "Filters": {"Sales": 'PairExist("Service","Sales")'},
}
"""Options an application has from the start; a site loses them when somebody writes options without reading them."""
_STATISTIC = {"objects": "Objects", "category": "Category", "subject": "Subject", "main_mask": "MainMask"}
_CATEGORIES = {"critical": "1", "major": "2", "minor": "3"}
_ALARM_TEXTS = {"name", "description", "category", "folderDBID", "state"}
_EVENTS = {"alarmDetectEvent": "detect_event", "alarmRemovalEvent": "cancel_event"}
_MISSING, _INVALID, _FORBIDDEN, _NOT_FOUND = 1, 2, 3, 6


class WriteRefusedError(Exception):
    """A write that is not done; HTTP status, statusCode and words."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class PlatformWrites:
    """Keeps what only this interface knows; everything else is in the document."""

    def __init__(self, document: ConfigurationDocument) -> None:
        self._document = document
        self._numbers = {kind: Numbers() for kind in ("applications", "folders", "alarm-conditions")}
        self._own = {name: copy.deepcopy(OWN_OPTIONS) for name in APPLICATIONS}
        self._folders: dict[str, str] = {}  # name to type

    def records(self) -> Records:
        """The records of the types that can be written."""
        return {
            "applications": [self._application(name) for name in self._own],
            "folders": [
                {"DBID": self._numbers["folders"].of(name), "name": name, "type": kind, "state": "CFGEnabled"}
                for name, kind in self._folders.items()
            ],
            "alarm-conditions": [self._alarm(entry) for entry in self._document.objects.get("alarm_conditions", ())],
        }

    def create(self, kind: str, fields: dict[str, Any]) -> str:
        """Make a record; returns its DBID. Raises WriteRefusedError."""
        name = fields.get("name")
        if kind not in {"folders", "alarm-conditions"}:
            raise WriteRefusedError(405, _FORBIDDEN, f"{kind} cannot be created")
        if not isinstance(name, str) or not name:
            raise WriteRefusedError(400, _MISSING, "name is missing")
        if any(record["name"] == name for record in self.records()[kind]):
            raise WriteRefusedError(409, _INVALID, f"{kind}: {name} exists")
        if kind == "folders":
            self._folders[name] = str(fields.get("type", ""))
        else:
            self._put_alarm(fields)
        return self._numbers[kind].of(name)

    def change(self, kind: str, dbid: str, fields: dict[str, Any]) -> None:
        """Change fields of a record; those that are not named stay. Raises WriteRefusedError."""
        if kind not in self._numbers:
            raise WriteRefusedError(405, _FORBIDDEN, f"{kind} cannot be changed")
        record = next((each for each in self.records()[kind] if each["DBID"] == dbid), None)
        if record is None:
            raise WriteRefusedError(404, _NOT_FOUND, f"no {kind} with DBID {dbid}")
        if kind == "alarm-conditions":
            self._put_alarm({key: value for key, value in record.items() if key != "DBID"} | fields)
        elif kind == "applications" and set(fields) == {"options"}:
            self._put_options(record["name"], fields["options"])
        else:
            raise WriteRefusedError(400, _INVALID, f"{kind}: only options of applications can be changed")

    def _application(self, name: str) -> dict[str, Any]:
        options = copy.deepcopy(self._own[name])
        for item in self._document.definitions(name):
            if item.kind == pb.DEFINITION_KIND_STATISTIC:
                options[item.name] = {_STATISTIC[k]: v for k, v in item.fields.items() if k in _STATISTIC}
            elif item.kind == pb.DEFINITION_KIND_FILTER:
                options.setdefault("Filters", {})[item.name] = item.fields.get("expression", "")
        dbid = self._numbers["applications"].of(name)
        return {"DBID": dbid, "name": name, "type": "CFGStatServer", "state": "CFGEnabled", "options": options}

    def _put_options(self, application: str, options: Any) -> None:
        """Put other options in place of all there were."""
        sections = options.items() if isinstance(options, dict) else [("", None)]
        for section, entries in sections:
            if not isinstance(entries, dict) or not all(isinstance(value, str) for value in entries.values()):
                raise WriteRefusedError(400, _INVALID, f"options: section {section} is no mapping of text")
        own = {name: dict(entries) for name, entries in options.items()}
        site = OWN_OPTIONS["Filters"]
        given = own.pop("Filters", {})
        filters = {name: text for name, text in given.items() if name not in site}
        statistics = [name for name, entries in own.items() if "MainMask" in entries]
        made = [{"name": name} | _definition(own.pop(name)) for name in statistics]
        own["Filters"] = {name: text for name, text in given.items() if name in site}
        self._own[application] = own
        tagged = {"application": application}
        self._replace(application, "statistics", [entry | tagged for entry in made])
        self._replace(
            application, "filters", [{"name": name, "expression": text} | tagged for name, text in filters.items()]
        )

    def _replace(self, application: str, key: str, entries: list[dict[str, Any]]) -> None:
        objects = self._document.objects
        kept = [entry for entry in objects.get(key, ()) if entry.get("application") != application]
        self._document.replace(objects | {key: [*kept, *entries]})

    def _alarm(self, entry: dict[str, Any]) -> dict[str, Any]:
        folder = entry.get("folder", "")
        if folder:
            self._folders.setdefault(folder, "CFGAlarmCondition")
        application = entry.get("application", "")
        events = {
            field: {"logEventID": entry.get(key, ""), "appDBID": self._numbers["applications"].of(application)}
            for field, key in _EVENTS.items()
        }
        return {
            "DBID": self._numbers["alarm-conditions"].of(entry["name"]),
            "name": entry["name"],
            "description": entry.get("description", ""),
            "category": _CATEGORIES.get(entry.get("category", ""), "3"),
            "folderDBID": self._numbers["folders"].of(folder) if folder else "0",
            "state": "CFGEnabled",
        } | events

    def _put_alarm(self, fields: dict[str, Any]) -> None:
        unknown = set(fields) - _ALARM_TEXTS - set(_EVENTS)
        texts = [fields.get(key, "") for key in _ALARM_TEXTS]
        if unknown or not all(isinstance(text, str) for text in texts):
            raise WriteRefusedError(400, _INVALID, f"fields that are unknown or no text: {', '.join(unknown) or '?'}")
        folders = {self._numbers["folders"].of(name): name for name in self._folders}
        folder = folders.get(fields.get("folderDBID", "0"), "")
        if not folder and fields.get("folderDBID", "0") != "0":
            raise WriteRefusedError(400, _INVALID, f"no folder with DBID {fields['folderDBID']}")
        categories = {number: word for word, number in _CATEGORIES.items()}
        entry: dict[str, Any] = {
            "name": fields["name"],
            "folder": folder,
            "application": self._application_of(fields.get("alarmDetectEvent")),
            "category": categories.get(fields.get("category", ""), "minor"),
            "description": fields.get("description", ""),
        } | {key: _event(fields.get(field)) for field, key in _EVENTS.items()}
        objects = self._document.objects
        kept = [each for each in objects.get("alarm_conditions", ()) if each["name"] != fields["name"]]
        self._document.replace(objects | {"alarm_conditions": [*kept, entry]})

    def _application_of(self, event: Any) -> str:
        dbid = event.get("appDBID") if isinstance(event, dict) else None
        return next((name for name in self._own if self._numbers["applications"].of(name) == dbid), "")


def _definition(section: dict[str, str]) -> dict[str, Any]:
    names = {spelled: key for key, spelled in _STATISTIC.items()}
    return {names[spelled]: value for spelled, value in section.items() if spelled in names}


def _event(value: Any) -> str:
    return str(value.get("logEventID", "")) if isinstance(value, dict) else ""
