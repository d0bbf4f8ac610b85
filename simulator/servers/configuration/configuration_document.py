"""The configuration objects in force, as a document with a version that others can wait for."""

from __future__ import annotations

import asyncio
import copy
import json
from typing import TYPE_CHECKING, Any

from simulator.servers.configuration.definitions import definitions_of, with_definitions

if TYPE_CHECKING:
    from pathlib import Path

    from contact_center.v1 import configuration_pb2 as pb


class ConfigurationDocument:
    """Objects in the form of the configuration YAML. Every change makes a new version."""

    def __init__(self, objects: dict[str, Any], file: Path | None = None) -> None:
        self.objects = objects
        self.version = 1
        self._file = file
        self._changed = asyncio.Event()
        self._write()

    def change_queue(
        self, number: str, options: dict[str, str], fields: dict[str, str | bool], *, remove: bool
    ) -> dict[str, Any]:
        """Change or remove a virtual queue; returns the objects as they were. Raises KeyError when there is none."""
        before = self.objects
        objects = copy.deepcopy(before)
        queues: list[dict[str, Any]] = objects["virtual_queues"]
        queue = next((entry for entry in queues if entry["number"] == number), None)
        if queue is None:
            raise KeyError(number)
        if remove:
            queues.remove(queue)
        queue.update(fields)
        queue["annex"]["pacing"] |= options
        self.replace(objects)
        return before

    def replace(self, objects: dict[str, Any]) -> None:
        """Put other objects in force."""
        self.objects = objects
        self.version += 1
        self._write()
        self._changed.set()
        self._changed = asyncio.Event()

    def definitions(self, application: str) -> list[pb.Definition]:
        """Statistics, filters and alarm conditions of an application."""
        return definitions_of(self.objects, application)

    def define(self, application: str, definitions: list[pb.Definition], *, replace: bool) -> list[pb.Definition]:
        """Add definitions, with ``replace`` also in place of those there are; returns what was written."""
        objects, written = with_definitions(self.objects, application, definitions, replace=replace)
        if written:
            self.replace(objects)
        return written

    async def wait_for_change(self, seconds: float) -> None:
        """Return at the next change, or when the seconds are over."""
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return

    def _write(self) -> None:
        """Bring the objects file up to date in one step, for nodes that read the configuration from it."""
        if self._file is not None:
            written = self._file.with_name(self._file.name + ".new")
            written.write_text(to_yaml(self.objects), encoding="utf-8")
            written.replace(self._file)


def to_yaml(objects: dict[str, Any]) -> str:
    """The objects as YAML, one line each in flow style: readable, and quick to write for tens of thousands."""
    lines: list[str] = []
    for key, value in objects.items():
        if isinstance(value, list) and value:
            lines.append(f"{key}:")
            lines += (f"  - {json.dumps(entry, ensure_ascii=False)}" for entry in value)
        else:
            lines.append(f"{key}: {json.dumps(value, ensure_ascii=False)}")
    return "\n".join(lines) + "\n"
