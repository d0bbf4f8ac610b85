"""The log of a node by the section ``log`` of its cluster, with Message Server as the output ``network``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from pacing_node.assembly.message_server import close_way, syslog_sender
from pacing_node.delivery.outbox import Outbox
from pacing_node.logs import use_log_options
from pacing_node.logs.outputs import Network
from pacing_node.options.errors import ConfigurationError

if TYPE_CHECKING:
    import logging

    from pacing_node.delivery.syslog import SyslogMessage
    from pacing_node.delivery.syslog_sender import SyslogSender
    from pacing_node.options.cluster_options import ClusterOptions
    from pacing_node.options.connections import MessageServer
    from pacing_node.options.log_options import LogOptions

log = structlog.get_logger(__name__)

CAPACITY = 10_000
"""Most events that wait while Message Server is down."""


class NodeLogs:
    """Follows the section ``log``; without one the node's own options hold."""

    def __init__(self, host: str) -> None:
        """``host`` names this machine in syslog messages."""
        self._host = host
        self._seen: tuple[LogOptions | None, MessageServer | None] = (None, None)
        self._outbox: Outbox[SyslogMessage] | None = None
        self._sender: SyslogSender | None = None
        self._refused: ConfigurationError | None = None
        """Why there is no way to Message Server although the options name one."""

    async def use(self, options: ClusterOptions) -> None:
        """Put the cluster's log options in force, if they differ from those that are.

        Raises ConfigurationError when the certificates of Message Server's authorities cannot be read: the other
        outputs are in force then.
        """
        section = options.log if "log" in options.model_fields_set else None
        wanted = (section, options.message_server if section else None)
        if wanted == self._seen and self._refused is None:
            return
        sender, refused = _sender(wanted[1])
        if wanted != self._seen or refused is None:
            self._seen = wanted
            before = self._outbox, self._sender
            self._outbox, self._sender = None, sender
            use_log_options(section, self._network)
            await close_way(*before)
        self._refused = refused
        if refused is not None:
            raise refused

    def _network(self) -> logging.Handler | None:
        if self._seen[1] is None:
            log.warning("log.no_message_server", output="network")
        if self._sender is None:
            return None
        self._outbox = Outbox("log", self._sender.deliver, capacity=CAPACITY)
        self._outbox.start()
        return Network(self._outbox, self._host, asyncio.get_running_loop())

    async def stop(self) -> None:
        """Go back to the node's own options, after a moment for what waits."""
        outbox, sender = self._outbox, self._sender
        self._outbox, self._sender = None, None
        if self._seen != (None, None):
            self._seen = (None, None)
            use_log_options(None, self._network)
        await close_way(outbox, sender)


def _sender(server: MessageServer | None) -> tuple[SyslogSender | None, ConfigurationError | None]:
    """The way to Message Server, or why there is none."""
    try:
        return (syslog_sender(server) if server is not None else None), None
    except ConfigurationError as error:
        return None, error
