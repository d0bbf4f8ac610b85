"""The configuration objects in force, as a document with a version that others can wait for."""

from __future__ import annotations

import asyncio
import copy
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pathlib import Path


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
            text = yaml.dump(self.objects, Dumper=_DUMPER, sort_keys=False, allow_unicode=True)
            written.write_text(text, encoding="utf-8")
            written.replace(self._file)


_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
"""The C implementation where PyYAML has it: ten times as fast on large configurations."""
