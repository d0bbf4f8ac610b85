"""Access to one member, put together: who may call it, what it shows when it calls, and its audit log."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import structlog

from cluster import addresses
from cluster.access.access_control import AccessControl
from cluster.access.audit_log import AuditLog, Order
from cluster.access.credentials import SecretCredentials
from cluster.access.principal import Principal, Proof
from cluster.access.roles import AccessRole
from cluster.access.signed_calls import SignedCalls
from cluster.access.tokens import DamagedTokensError, TokenBook, decode_tokens
from cluster.clock import boot_seconds
from cluster.peers.authentication import Authentication
from cluster.peers.peer_server import PeerServer
from cluster.peers.request_check import RequestCheck

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cluster.access.credentials import CallCredentials
    from cluster.access.tokens import KeptTokens
    from cluster.documents import Document, DocumentStore
    from cluster.peers.own_member import OwnMember
    from cluster.records import MemberInfo
    from cluster.settings import ClusterSettings

log = structlog.get_logger(__name__)


class MemberAccess:
    """Who may call a member, and what it shows to the others."""

    def __init__(self, settings: ClusterSettings, member: OwnMember) -> None:
        self._member = member
        self._began_at = time.time()
        self._knows_tokens = False
        """Whether this process has read the list of tokens before."""
        secret, tls = settings.cluster_secret, settings.peer_tls
        self.control = AccessControl(
            settings.cluster,
            signed_calls=SignedCalls(secret, time.time(), boot_seconds) if secret is not None else None,
            certificates=tls is not None,
            certificate_roles=tls.allowed_names if tls is not None else None,
            members=self._members,
            plain_tokens=settings.plain_tokens,
        )
        """Decides who may call."""
        self.audit = AuditLog()
        """Orders and refused calls."""
        self._guard = Authentication(self.control, self.audit, self._state)
        self.credentials: CallCredentials | None = (
            SecretCredentials(secret, settings.cluster, settings.node) if secret is not None else None
        )
        """What proves to other members that this one calls; None where a certificate does."""

    def server(self, settings: ClusterSettings) -> PeerServer:
        """The server on the clustering port, guarded. Raises SettingsError when a certificate file cannot be read."""
        bind, port = settings.bind_address or settings.host, settings.clustering_port
        return PeerServer(bind, port, settings.peer_tls, interceptors=(self._guard, RequestCheck()))

    def follow_tokens(self, documents: DocumentStore) -> None:
        """Accept the tokens of this document, as it is now and whenever it changes."""
        documents.watch(self._use_tokens)

    def _use_tokens(self, document: Document) -> None:
        """Put a list of tokens in force; one that cannot be read changes nothing."""
        try:
            kept = decode_tokens(document.data)
        except DamagedTokensError as error:
            log.error("access.tokens_refused", version=document.version, error=str(error))
            return
        before, after = ([token.id for token in each] for each in (self.control.tokens.tokens, kept.tokens))
        self.control.tokens = TokenBook(kept.tokens)
        known, self._knows_tokens = self._knows_tokens, True
        if not known and not self._is_new(document, kept):
            log.info("access.tokens_read", version=document.version, tokens=after, changed_by=kept.changed_by)
            return
        who = Principal(kept.changed_by, AccessRole.ADMIN, Proof.ZOOKEEPER)
        self.audit.carried_out(
            Order("Tokens", "", who, {"version": document.version}, {"tokens": before}, {"tokens": after})
        )

    def _is_new(self, document: Document, kept: KeptTokens) -> bool:
        """Whether a list that is the first this process reads was also made while it ran: nobody changed it before."""
        return document.version == 0 and any(token.created_at >= self._began_at for token in kept.tokens)

    def _members(self) -> Iterable[tuple[str, str]]:
        return _names_and_hosts(self._member.members())

    def _state(self) -> dict[str, object]:
        """What an order can change."""
        status, paused = self._member.status(), self._member.paused
        return {
            "role": str(status.role),
            "epoch": status.epoch,
            "master": status.master,
            "paused_by": paused.by if paused is not None else None,
            "paused_until": paused.until if paused is not None else None,
        }


def _names_and_hosts(members: Iterable[MemberInfo]) -> Iterator[tuple[str, str]]:
    """Name and host of each member that has an address."""
    for member in members:
        if member.clustering:
            yield member.name, addresses.split(member.clustering)[0]
