"""Mutual TLS between members: everybody shows a certificate; files that were replaced are taken up while running."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import grpc.aio
import structlog

from cluster.errors import SettingsError

if TYPE_CHECKING:
    from typing import Any

    from cluster.security import PeerTls

log = structlog.get_logger(__name__)

_NAMES = "x509_subject_alternative_name"


class PeerCertificates:
    """The files as last read; one object for each side, for each hears of a change by itself."""

    def __init__(self, tls: PeerTls) -> None:
        self.tls = tls
        self._seen = _look_of(tls)
        self._read = tls.read()

    def refresh(self) -> bool:
        """Read the files again; True when they have changed. Files that cannot be used leave the old ones in force."""
        try:
            found = self.tls.read()
        except SettingsError as failure:
            log.error("peers.certificates_unusable", error=str(failure))
            return False
        changed, self._read = found != self._read, found
        return changed

    def client(self) -> grpc.ChannelCredentials:
        """What this member shows when it calls."""
        authorities, chain, key = self._read
        return grpc.ssl_channel_credentials(authorities, key, chain)

    def server(self) -> grpc.ServerCredentials:
        """What this member shows when it is called: the files as last read, for as long as the server lasts.

        Not ``dynamic_ssl_server_credentials``, which reads them for each handshake: handshakes that are broken off in
        numbers end the process inside gRPC.
        """
        authorities, chain, key = self._read
        return grpc.ssl_server_credentials([(key, chain)], authorities, require_client_auth=True)

    def touched(self) -> bool:
        """Whether a file looks other than when this was last asked: by inode, size and time, without reading it."""
        seen, self._seen = self._seen, _look_of(self.tls)
        return seen != self._seen


def _look_of(tls: PeerTls) -> tuple[tuple[int, int, int] | None, ...]:
    looks: list[tuple[int, int, int] | None] = []
    for path in (tls.ca_file, tls.certificate_file, tls.key_file):
        try:
            found = path.stat()
        except OSError:
            looks.append(None)
        else:
            looks.append((found.st_ino, found.st_size, found.st_mtime_ns))
    return tuple(looks)


def caller_names(context: grpc.aio.ServicerContext[Any, Any]) -> frozenset[str]:
    """Names in the certificate of a caller; none without TLS."""
    return frozenset(name.decode(errors="replace") for name in context.auth_context().get(_NAMES, ()))
