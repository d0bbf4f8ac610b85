"""The way to Message Server, and its end: the same for alarms, the log and the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster import addresses
from pacing_node.delivery.syslog_sender import SyslogSender
from pacing_node.tls import authorities_context

if TYPE_CHECKING:
    from pacing_node.delivery.outbox import Outbox
    from pacing_node.delivery.syslog import SyslogMessage
    from pacing_node.options.connections import MessageServer

LAST_DELIVERY_SECONDS = 1.0
"""How long what waits may still be delivered."""


def syslog_sender(server: MessageServer) -> SyslogSender:
    """The way to Message Server. Raises ConfigurationError when the certificates of its authorities cannot be read."""
    tls = authorities_context(server.authorities) if server.transport == "tls" else None
    receivers = [addresses.split(text) for text in (server.primary, server.backup) if text]
    return SyslogSender(receivers, server.transport, tls)


async def close_way(outbox: Outbox[SyslogMessage] | None, sender: SyslogSender | None) -> None:
    """Close what there is of a way, after a moment for what waits."""
    if outbox is not None:
        await outbox.stop(LAST_DELIVERY_SECONDS)
    if sender is not None:
        await sender.close()
