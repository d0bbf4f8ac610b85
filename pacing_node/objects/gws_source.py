"""Configuration objects from the platform configuration interface (GWS): read whole, again and again."""

from __future__ import annotations

import asyncio
import hashlib
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import structlog

from cluster.backoff import Backoff
from pacing_node.objects.platform_client import PlatformClient
from pacing_node.objects.platform_objects import objects_from_platform
from pacing_node.objects.platform_reply import PlatformError
from pacing_node.objects.source_status import SourceStatus, hand_over
from pacing_node.options.errors import ConfigurationError, Problem
from pacing_node.options.yaml_documents import load_document
from pacing_node.runtime.failures import innermost
from pacing_node.tls import client_context

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pydantic import SecretStr

    from pacing_node.objects.object_model import ConfigurationObjects
    from pacing_node.options.connections import ServerTls
    from pacing_node.options.yaml_documents import Value

log = structlog.get_logger(__name__)

FIRST_DELAY_SECONDS = 1.0
"""Wait after both servers failed; doubles with every round, with jitter."""
LONGEST_DELAY_SECONDS = 5.0
"""Longest wait after both servers failed. Both waits end with the period, if that is shorter."""


class GwsSource:
    """Polls one server of the pair, and the other one when it fails; stays with a server that works."""

    def __init__(
        self,
        base_urls: tuple[str, ...],
        tenant: str = "",
        *,
        user: str | None = None,
        password: SecretStr | None = None,
        poll_seconds: float = 30.0,
        capacity_rules: Path | None = None,
        tls: ServerTls | None = None,
    ) -> None:
        """Base URLs are scheme, host and port, the primary first; ``capacity_rules`` is a YAML file."""
        self._base_urls = base_urls
        self._tenant = tenant
        self._user = user
        self._password = password
        self._poll_seconds = poll_seconds
        self._rules_file = capacity_rules
        self._tls = tls
        self._status = SourceStatus("gws", base_urls[0])

    @property
    def status(self) -> SourceStatus:
        """How the source is doing now."""
        return self._status

    async def run(self, use: Callable[[ConfigurationObjects], None]) -> None:
        """Follow the configuration until cancelled."""
        period = self._poll_seconds
        backoff = Backoff(min(FIRST_DELAY_SECONDS, period), min(LONGEST_DELAY_SECONDS, period))
        active = 0
        while True:
            for at in range(len(self._base_urls)):
                index = (active + at) % len(self._base_urls)
                if await self._read(self._base_urls[index], use):
                    active = index
                    break
            if self._status.connected:
                backoff.reset()
                await asyncio.sleep(period * random.uniform(0.9, 1.0))
            else:
                await asyncio.sleep(backoff.next_seconds())

    async def _read(self, place: str, use: Callable[[ConfigurationObjects], None]) -> bool:
        """One reading; False when it failed."""
        try:
            records = await self._records(place)
            objects = await asyncio.to_thread(self._objects, records)
        except PlatformError as error:
            self._failed(place, (f"{place}: {error}",))
            return False
        except ConfigurationError as error:
            self._failed(place, tuple(map(str, error.problems)))
            return False
        except Exception as error:  # whatever a server provokes: the objects in force stay
            log.error("configuration.unexpected", server=place, kind=type(error).__name__, where=innermost(error))
            self._failed(place, (f"{place}: unexpected {type(error).__name__}",))
            return False
        if not self._status.connected:
            log.info("configuration.server_connected", server=place)
        self._status = replace(self._status, place=place, connected=True, problems=())
        if objects.version != self._status.version:
            updated_at = hand_over(use, objects, place)
            self._status = replace(self._status, version=objects.version, updated_at=updated_at)
        return True

    async def _records(self, base_url: str) -> dict[str, list[Any]]:
        """Read everything over a connection of its own: certificates can have been renewed since the previous one."""
        context = await asyncio.to_thread(client_context, self._tls) if base_url.startswith("https:") else None
        client = PlatformClient(base_url, self._user, self._password, context)
        try:
            return await client.records()
        finally:
            await client.close()

    def _failed(self, place: str, problems: tuple[str, ...]) -> None:
        if problems != self._status.problems:
            log.warning("configuration.server_failed", server=place, problems=problems, kept=self._status.version)
        self._status = replace(self._status, connected=False, problems=problems)

    def _objects(self, records: dict[str, list[Any]]) -> ConfigurationObjects:
        rules = read_rules(self._rules_file) if self._rules_file is not None else ()
        version = hashlib.sha256(repr((records, rules)).encode()).hexdigest()[:16]
        return objects_from_platform(records, version, self._tenant, rules)


def read_rules(path: Path) -> Sequence[Value]:
    """The list ``capacity_rules`` of a YAML file.

    Raises:
        ConfigurationError: the file cannot be read or has no such list.
    """
    document = load_document(path)
    rules = document.data.get("capacity_rules")
    if not isinstance(rules, list):
        problem: Problem = document.problem(("capacity_rules",), "no list", "a list of capacity rules")
        raise ConfigurationError((problem,))
    return rules
