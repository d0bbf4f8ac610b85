"""The audit log's receiver outside of the node: Message Server, whatever the options of the log say."""

from __future__ import annotations

import json
import time
from collections import deque
from typing import TYPE_CHECKING

from cluster.access.audit_log import DONE, EVENT, Order
from cluster.access.principal import Principal, Proof
from cluster.access.roles import AccessRole
from pacing_node.assembly.message_server import close_way, syslog_sender
from pacing_node.delivery.outbox import Outbox
from pacing_node.delivery.syslog import SyslogMessage, SyslogSeverity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cluster.access.audit_log import AuditLog
    from pacing_node.delivery.syslog_sender import SyslogSender
    from pacing_node.options.cluster_options import ClusterOptions
    from pacing_node.options.connections import MessageServer

CAPACITY = 1000
"""Most events that wait while Message Server is down, or until it is known; the oldest are given up."""
_SHOWN_APART = ("outcome", "what", "who", "role", "proof", "source", "not_logged")
"""Fields that are structured data of the message; the text holds all of them as JSON."""


def audit_options(audit: AuditLog, before: int, after: int, keys: tuple[str, ...]) -> None:
    """Note that other cluster options are in force; who wrote them is in `pacing config history`."""
    who = Principal("whoever wrote them", AccessRole.ADMIN, Proof.ZOOKEEPER)
    versions = {"version": before}, {"version": after}
    audit.carried_out(Order("ClusterOptions", "", who, {"changed": ", ".join(keys)}, *versions))


class NodeAudit:
    """Sends every event of the audit log to Message Server."""

    def __init__(self, host: str, node: str) -> None:
        """``host`` names this machine in syslog messages, ``node`` the node in each event."""
        self._host = host
        self._node = node
        self._server: MessageServer | None = None
        self._early: deque[SyslogMessage] = deque(maxlen=CAPACITY)
        """What came before the options were known."""
        self._known = False
        self._outbox: Outbox[SyslogMessage] | None = None
        self._sender: SyslogSender | None = None

    def offer(self, event: Mapping[str, object]) -> None:
        """Queue one event, and never wait."""
        message = self._message(event)
        if self._outbox is not None:
            self._outbox.offer(message)
        elif not self._known:
            self._early.append(message)

    async def use(self, options: ClusterOptions) -> None:
        """Send to the Message Server of these options from now on; to nobody without one.

        Raises ConfigurationError, and changes nothing, when the certificates of its authorities cannot be read.
        """
        if self._known and options.message_server == self._server:
            return
        sender = syslog_sender(options.message_server) if options.message_server is not None else None
        before = self._outbox, self._sender
        self._known, self._server, self._sender, self._outbox = True, options.message_server, sender, None
        if sender is not None:
            self._outbox = Outbox("audit", sender.deliver, capacity=CAPACITY)
            self._outbox.start()
            for message in self._early:
                self._outbox.offer(message)
        self._early.clear()
        # In place before the old one is closed, which takes a while: events come meanwhile.
        await close_way(*before)

    async def stop(self) -> None:
        """End, after a moment for what waits."""
        outbox, sender = self._outbox, self._sender
        self._outbox, self._sender = None, None
        await close_way(outbox, sender)

    def _message(self, event: Mapping[str, object]) -> SyslogMessage:
        level = SyslogSeverity.NOTICE if event["outcome"] == DONE else SyslogSeverity.WARNING
        apart = {"node": self._node} | {key: str(event[key]) for key in _SHOWN_APART if event.get(key) is not None}
        text = json.dumps({"event": EVENT, "node": self._node, **event}, default=str)
        return SyslogMessage(level, time.time(), self._host, EVENT, text, apart)
