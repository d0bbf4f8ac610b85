"""Mutual TLS between members: everybody shows a certificate; files that were replaced are taken up while running."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc
import grpc.aio
import structlog

from cluster.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

log = structlog.get_logger(__name__)

_NAMES = "x509_subject_alternative_name"


@dataclass(frozen=True, slots=True)
class PeerTls:
    """Files for the clustering port, all PEM, and who may call."""

    ca_file: Path
    """Authorities that sign members' certificates."""
    certificate_file: Path
    """This member's certificate chain; it names the host under which others reach it."""
    key_file: Path
    """Its key."""
    allowed_names: frozenset[str] = frozenset()
    """Names of which a caller's certificate must hold one (subject alternative names); empty: any of the authority."""

    def read(self) -> tuple[bytes, bytes, bytes]:
        """Authorities, chain and key. Raises SettingsError naming a file that cannot be read."""
        found = []
        for path in (self.ca_file, self.certificate_file, self.key_file):
            try:
                found.append(path.read_bytes())
            except OSError as failure:
                message = f"cluster certificates: {path} cannot be read: {failure}"
                raise SettingsError(message) from failure
            if b"-----BEGIN" not in found[-1]:
                message = f"cluster certificates: {path} is not a PEM file"
                raise SettingsError(message)
        return found[0], found[1], found[2]


class PeerCertificates:
    """The files as last read; one object for each side, for each hears of a change by itself."""

    def __init__(self, tls: PeerTls) -> None:
        self.tls = tls
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
        """What this member shows when it is called; the files are looked at again for each handshake."""
        return grpc.dynamic_ssl_server_credentials(
            self._configuration(), self._renewed, require_client_authentication=True
        )

    def _renewed(self) -> grpc.ServerCertificateConfiguration:
        if self.refresh():
            log.info("peers.certificates_renewed")
        return self._configuration()

    def _configuration(self) -> grpc.ServerCertificateConfiguration:
        authorities, chain, key = self._read
        return grpc.ssl_server_certificate_configuration([(key, chain)], authorities)


def caller_names(context: grpc.aio.ServicerContext[Any, Any]) -> frozenset[str]:
    """Names in the certificate of a caller; none without TLS."""
    return frozenset(name.decode(errors="replace") for name in context.auth_context().get(_NAMES, ()))
