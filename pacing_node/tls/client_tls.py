"""Certificate files for connections to servers, read anew for every connection so that renewed ones take effect."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import grpc

from pacing_node.options.errors import ConfigurationError, Problem

if TYPE_CHECKING:
    from pathlib import Path

    from pacing_node.options.connections import ServerTls


def channel_credentials(tls: ServerTls | None) -> grpc.ChannelCredentials | None:
    """Credentials of a gRPC channel; None for plain text.

    Raises:
        ConfigurationError: a file cannot be read.
    """
    if tls is None:
        return None
    own = tls.certificate is not None and tls.private_key is not None
    return grpc.ssl_channel_credentials(
        root_certificates=_read(tls.authorities),
        private_key=_read(tls.private_key) if own else None,
        certificate_chain=_read(tls.certificate) if own else None,
    )


def client_context(tls: ServerTls | None) -> ssl.SSLContext:
    """TLS context of an HTTPS client; without options the well-known authorities are trusted.

    Raises:
        ConfigurationError: a file cannot be read or holds something else.
    """
    if tls is None:
        return ssl.create_default_context()
    try:
        context = ssl.create_default_context(cafile=str(tls.authorities))
        if tls.certificate is not None:
            context.load_cert_chain(str(tls.certificate), str(tls.private_key) if tls.private_key else None)
    except (OSError, ssl.SSLError) as error:
        files = ", ".join(str(file) for file in (tls.authorities, tls.certificate, tls.private_key) if file)
        reason = (error.strerror or str(error)).lower()
        raise ConfigurationError((Problem(files, "", reason, "certificates and keys in PEM format"),)) from error
    return context


def _read(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        return path.read_bytes()
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise ConfigurationError((Problem(str(path), "", reason, "a readable file in PEM format"),)) from error
