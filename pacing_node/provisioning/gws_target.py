"""Definitions through the platform configuration interface (GWS), over HTTP.

Reading, and that POST, PUT and DELETE write, is documented. Inferred is the form of what is written: POST to a type
with the record's fields makes one, PUT to a type and DBID changes the fields that are named. So an application's
options are always read first, written back whole with what is new put in, and read again afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from pacing_node.http_client.client import ClientSettings, ask_once
from pacing_node.http_client.request_failures import REQUEST_FAILURES, UnreadableAnswerError, described
from pacing_node.objects.platform_reply import PATH, REQUEST_SECONDS, PlatformError, read_reply
from pacing_node.provisioning import gws_objects as gws
from pacing_node.provisioning.definitions import FOLDER, Action, Kind, wanted
from pacing_node.provisioning.provisioning_target import ProvisioningError, UnreachableError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Sequence

    from pacing_node.provisioning.definitions import Definition, DefinitionChange

_NO_WRITING = {
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.NOT_IMPLEMENTED,
}
MOST_BYTES = 16 * 1024 * 1024
"""Longest answer: an application with all its options."""
_REMEDY = (
    "Give the user the right to write (in the vendor's words the feature api-platform-configuration-write), or see "
    "with --dry-run what is missing and make it by hand"
)


@dataclass(frozen=True, slots=True)
class GwsRoutes:
    """How the server is written to, where a site's server differs."""

    path: str = PATH
    """Path of the interface on the server."""
    create_method: str = "POST"
    update_method: str = "PUT"
    folder: bool = True
    """Whether the alarm conditions have a folder of their own."""
    whole_options: bool = True
    """Whether all options of the application are written back; False: only the sections that change, for a server that
    leaves the others as they are."""


class GwsTarget:
    """One server of the pair; every request opens a connection of its own, as in the bridge's adapter."""

    def __init__(
        self,
        base_url: str,
        *,
        application: str,
        user: str = "",
        password: str = "",
        context: ssl.SSLContext | None = None,
        routes: GwsRoutes | None = None,
    ) -> None:
        """``base_url`` is scheme, host and port; ``context`` is for https, the well-known authorities without it."""
        self._base_url = base_url
        self._name = application
        self._basic = (user, password) if user else None
        self._context = context
        self._routes = routes or GwsRoutes()
        self._definitions = wanted(application)
        self._application: dict[str, Any] = {}
        self._options: gws.Options = {}
        self._alarms: dict[str, str] = {}

    @property
    def place(self) -> str:
        """Address of the server."""
        return self._base_url

    def existing(self) -> frozenset[tuple[Kind, str]]:
        """Definitions that are there. Raises ProvisioningError."""
        self._application, self._options = self._read_application()
        self._alarms = {}
        for item in self._definitions:
            if item.kind is Kind.ALARM_CONDITION and (found := self._find(gws.ALARM_CONDITIONS, item.name)):
                self._alarms[item.name] = _dbid(found)
        if self._routes.folder:
            self._find(gws.FOLDERS, FOLDER)
        alarms = frozenset((Kind.ALARM_CONDITION, name) for name in self._alarms)
        return alarms | gws.defined_in(self._options, self._definitions)

    def write(self, changes: Sequence[DefinitionChange], written: Callable[[Iterable[DefinitionChange]], None]) -> None:
        """Write the options in one request, then each alarm condition in one. Raises ProvisioningError."""
        if not self._application:
            self.existing()
        in_options = [change for change in changes if change.definition.kind is not Kind.ALARM_CONDITION]
        alarms = [change for change in changes if change.definition.kind is Kind.ALARM_CONDITION]
        if in_options:
            self._write_options([change.definition for change in in_options])
            written(in_options)
        folder = self._folder() if alarms and self._routes.folder else None
        for change in alarms:
            self._write_alarm(change, folder)
            written([change])

    def _write_options(self, definitions: Sequence[Definition]) -> None:
        record, options = self._read_application()
        if options != self._options:
            raise ProvisioningError(
                f"{self.place}: somebody else changed {self._name} meanwhile; run the command again"
            )
        changed = gws.with_definitions(options, definitions)
        sent = changed
        if not self._routes.whole_options:
            sent = {section: entries for section, entries in changed.items() if options.get(section) != entries}
        elif hidden := gws.hidden_in(options):
            raise ProvisioningError(
                f"{self.place}: the server hides values of {self._name} ({', '.join(hidden)}), which would be lost by "
                "writing all options back: use --changed-sections-only if the server keeps sections that are not sent"
            )
        body = {"options": gws.written_as(sent, record.get("options"))}
        self._send(self._routes.update_method, f"{gws.APPLICATIONS}/{_dbid(record)}", body)
        _, now = self._read_application()
        if now != changed:
            lost = sorted(section for section in changed if now.get(section) != changed[section])
            raise ProvisioningError(
                f"{self.place}: the server took the options of {self._name} and shows others now, see the sections "
                f"{', '.join(lost) or 'that are new'}: compare them before going on"
            )
        self._options = now

    def _folder(self) -> str:
        """DBID of the folder, which is made when there is none."""
        found = self._find(gws.FOLDERS, FOLDER)
        if found is None:
            self._send(self._routes.create_method, gws.FOLDERS, gws.folder_record(FOLDER))
            found = self._find(gws.FOLDERS, FOLDER)
        if found is None:
            raise ProvisioningError(f"{self.place}: the server took the folder {FOLDER} and does not show it")
        return _dbid(found)

    def _write_alarm(self, change: DefinitionChange, folder: str | None) -> None:
        name = change.definition.name
        record = gws.alarm_record(change.definition, _dbid(self._application), folder)
        if change.action is Action.RECREATE:
            self._send(self._routes.update_method, f"{gws.ALARM_CONDITIONS}/{self._alarms[name]}", record)
        else:
            self._send(self._routes.create_method, gws.ALARM_CONDITIONS, record)
        if self._find(gws.ALARM_CONDITIONS, name) is None:
            raise ProvisioningError(f'{self.place}: the server took the alarm condition "{name}" and does not show it')

    def _read_application(self) -> tuple[dict[str, Any], gws.Options]:
        record = self._find(gws.APPLICATIONS, self._name)
        if record is None:
            raise ProvisioningError(f"{self.place}: there is no application {self._name}, or the user may not see it")
        options = gws.read_options(record)
        if options is None:
            raise ProvisioningError(f"{self.place}: the options of {self._name} are of a form that is not known")
        return record, options

    def _find(self, kind: str, name: str) -> dict[str, Any] | None:
        """The record of a name. The server filters by it, and what it answers is filtered again."""
        document = self._ask("GET", kind, params={"name": f'"{name}"'})
        records = document.get(kind)
        if not isinstance(records, list):
            raise ProvisioningError(f"{self.place}: no list {kind!r} in the reply")
        found = [each for each in records if isinstance(each, dict) and each.get("name") == name and _dbid(each)]
        if len(found) > 1:
            raise ProvisioningError(f"{self.place}: there are {len(found)} {kind} of the name {name}; one is needed")
        return found[0] if found else None

    def _send(self, method: str, path: str, body: dict[str, Any]) -> None:
        """Write one record. What an answer that was lost leaves open is said."""
        try:
            self._ask(method, path, json=body)
        except PlatformError as error:
            if error.status in _NO_WRITING:
                raise ProvisioningError(f"{self.place} does not let this user write: {error}. {_REMEDY}") from None
            if error.status is None or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                known = f"{self.place}: {error}. Whether it was written is not known; run again: what is there stays"
                raise ProvisioningError(known) from None
            raise ProvisioningError(f"{self.place}: {error}") from None

    def _ask(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        """The document of an answer. Raises PlatformError for a write, ProvisioningError for a reading."""
        place = self._routes.path + path
        settings = ClientSettings(MOST_BYTES, REQUEST_SECONDS)
        ways: dict[str, Any] = {"basic": self._basic, "tls": self._context, "headers": {"Accept": "application/json"}}
        try:
            answer = ask_once(method, self._base_url + place, settings, **ways, **more)
            return read_reply(f"{method} {place}", answer.status, answer.body)
        except (UnreadableAnswerError, *REQUEST_FAILURES) as error:
            text = f"{method} {place}: {described(error)}"
            if method == "GET":
                raise UnreachableError(f"{self.place}: {text}") from None
            raise PlatformError(text) from None
        except PlatformError as error:
            if method != "GET":
                raise
            raise ProvisioningError(f"{self.place}: {error}") from None


def _dbid(record: dict[str, Any]) -> str:
    """The record's number, as text; empty where there is none."""
    value = record.get("DBID")
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
