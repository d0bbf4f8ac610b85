"""Where configuration objects come from: the port, and the adapter for each ``configServer.kind``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pacing_node.objects.bridge_source import BridgeSource
from pacing_node.objects.file_source import FileSource
from pacing_node.objects.gws_source import GwsSource
from pacing_node.tls import channel_credentials

if TYPE_CHECKING:
    from collections.abc import Callable

    from pacing_node.objects.object_model import ConfigurationObjects
    from pacing_node.objects.source_status import SourceStatus
    from pacing_node.options.connections import ConfigServer


class ConfigurationSource(Protocol):
    """Reads the configuration objects and follows their changes."""

    async def run(self, use: Callable[[ConfigurationObjects], None]) -> None:
        """Follow the objects until cancelled; ``use`` is called with the first and with every changed version.

        Never ends by itself and never raises for what a file or server does: the objects in force stay, and what is
        wrong shows in the log and in ``status``.
        """
        ...

    @property
    def status(self) -> SourceStatus:
        """How the source is doing now."""
        ...


def configuration_source(options: ConfigServer, tenant: str) -> ConfigurationSource:
    """The adapter the options ask for; they have been checked to hold what its kind needs."""
    addresses = tuple(address for address in (options.primary, options.backup) if address)
    if options.kind == "bridge":
        return BridgeSource(addresses, tenant, credentials=lambda: channel_credentials(options.tls))
    if options.kind == "gws":
        return GwsSource(
            tuple(f"{options.scheme}://{address}" for address in addresses),
            tenant,
            user=options.user,
            password=options.password,
            poll_seconds=options.poll_seconds,
            capacity_rules=options.capacity_rules,
            tls=options.tls,
        )
    assert options.path is not None
    return FileSource(options.path, tenant)
