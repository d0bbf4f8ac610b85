"""Statistics, filters and alarm conditions among the configuration objects: what provisioning adds to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc

from contact_center.v1 import configuration_pb2 as pb
from simulator.servers.basic_auth import named_user

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KIND_KEYS: dict[int, str] = {
    pb.DEFINITION_KIND_STATISTIC: "statistics",
    pb.DEFINITION_KIND_FILTER: "filters",
    pb.DEFINITION_KIND_ALARM_CONDITION: "alarm_conditions",
}
"""Kinds of definitions and their keys in the configuration YAML."""


def definitions_of(objects: Mapping[str, Any], application: str) -> list[pb.Definition]:
    """The definitions of an application among the objects."""
    return [
        pb.Definition(
            kind=pb.DefinitionKind.ValueType(kind),
            name=entry["name"],
            fields={key: str(value) for key, value in entry.items() if key != "name"},
        )
        for kind, key in KIND_KEYS.items()
        for entry in objects.get(key, ())
        if entry.get("application") == application
    ]


def with_definitions(
    objects: dict[str, Any], application: str, definitions: Sequence[pb.Definition], *, replace: bool
) -> tuple[dict[str, Any], list[pb.Definition]]:
    """The objects with definitions added, and those that were; one that exists is made anew with ``replace`` only."""
    changed = objects | {key: list(objects.get(key, ())) for key in KIND_KEYS.values()}
    written = []
    for definition in definitions:
        entries = changed[KIND_KEYS[definition.kind]]
        same = [e for e in entries if e["name"] == definition.name and e.get("application") == application]
        if same and not replace:
            continue
        for entry in same:
            entries.remove(entry)
        entries.append({"name": definition.name} | dict(definition.fields) | {"application": application})
        written.append(definition)
    return changed, written


async def require_user(context: grpc.aio.ServicerContext[Any, Any]) -> None:
    """End the call unless its metadata ``authorization`` names a user; with any password, this user may write."""
    metadata = {str(key): str(value) for key, value in context.invocation_metadata() or ()}
    if not named_user(metadata.get("authorization", "")):
        await context.abort(grpc.StatusCode.UNAUTHENTICATED, "name a user")
