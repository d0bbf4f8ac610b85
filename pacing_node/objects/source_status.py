"""How a source of configuration objects is doing, and how it hands them on."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable

    from pacing_node.objects.object_model import ConfigurationObjects

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """State of a source of configuration objects."""

    kind: str
    place: str
    """File, directory or address the objects in force came from, or that is being tried."""
    connected: bool = False
    """Whether the place could be read at the newest attempt."""
    version: str = ""
    """Version of the objects in force; empty before the first."""
    updated_at: float | None = None
    """Unix time in seconds when the objects in force were taken over."""
    problems: tuple[str, ...] = ()
    """What is wrong with the newest attempt; empty when it is well."""


def hand_over(use: Callable[[ConfigurationObjects], None], objects: ConfigurationObjects, place: str) -> float:
    """Call ``use`` with new objects, whatever it raises; returns the time of it."""
    log.info(
        "configuration.changed",
        source=place,
        version=objects.version,
        queues=len(objects.virtual_queues),
        agents=len(objects.agents),
        groups=len(objects.agent_groups),
    )
    try:
        use(objects)
    except Exception:
        log.exception("configuration.not_applied", source=place, version=objects.version)
    return time.time()
