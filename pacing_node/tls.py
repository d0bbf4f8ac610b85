"""Certificate files: how long they hold, read for connections to servers, followed for the HTTPS port."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc
import structlog
from cryptography import x509

from pacing_node.options.errors import ConfigurationError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pacing_node.options.connections import ServerTls

log = structlog.get_logger(__name__)

SECONDS_PER_DAY = 86_400.0
POLL_SECONDS = 1.0
_TRIES = 2
"""Certificate and key are two files: only what is still wrong at the second look is logged."""


@dataclass(frozen=True, slots=True)
class Validity:
    """From when to when a certificate holds, Unix time in seconds."""

    begins_at: float
    ends_at: float


def validities(file: Path) -> list[Validity]:
    """When the certificates of a PEM file hold, in the file's order; at least one.

    Raises OSError when the file cannot be read, ValueError when it holds no certificate or a damaged one.
    """
    certificates = x509.load_pem_x509_certificates(file.read_bytes())
    return [
        Validity(each.not_valid_before_utc.timestamp(), each.not_valid_after_utc.timestamp()) for each in certificates
    ]


def days_left(file: Path, now: float) -> float:
    """Days from ``now`` (Unix time in seconds) until the first certificate of a PEM file expires; negative after it.

    Raises as ``validities``. The first certificate is the node's own; those of authorities after it live longer, or
    fail as authorities at the same time.
    """
    return (validities(file)[0].ends_at - now) / SECONDS_PER_DAY


def all_days_left(files: Iterable[Path], now: float) -> dict[Path, float | str]:
    """Days left by file, or why that is not known."""
    found: dict[Path, float | str] = {}
    for file in files:
        try:
            found[file] = days_left(file, now)
        except OSError as error:
            found[file] = (error.strerror or type(error).__name__).lower()
        except ValueError:
            found[file] = "no certificate in PEM format"
    return found


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
    with _naming(tls.authorities, tls.certificate, tls.private_key):
        context = ssl.create_default_context(cafile=str(tls.authorities))
        if tls.certificate is not None:
            context.load_cert_chain(str(tls.certificate), str(tls.private_key) if tls.private_key else None)
    return context


def authorities_context(authorities: Path | None) -> ssl.SSLContext:
    """TLS context of a client that trusts these authorities, None for the well-known ones.

    Raises:
        ConfigurationError: the file cannot be read or holds something else.
    """
    with _naming(authorities):
        return ssl.create_default_context(cafile=str(authorities) if authorities is not None else None)


@contextlib.contextmanager
def _naming(*files: Path | None) -> Iterator[None]:
    """Turn what reading certificates raises into a ConfigurationError that names the files."""
    try:
        yield
    except OSError as error:
        named = ", ".join(str(file) for file in files if file)
        reason = (error.strerror or str(error)).lower()
        raise ConfigurationError((Problem(named, "", reason, "certificates and keys in PEM format"),)) from error


def _read(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        return path.read_bytes()
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise ConfigurationError((Problem(str(path), "", reason, "a readable file in PEM format"),)) from error


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Certificate files of the HTTPS port, PEM."""

    certificate: Path
    private_key: Path
    authorities: Path | None = None
    """When given, clients must show a certificate one of these signed."""
    required: bool = True
    """Whether they must: else those who show none are let in, and those who show a bad one are not."""

    def read(self) -> tuple[bytes, ...]:
        """What is in the files. Raises OSError."""
        paths = (self.certificate, self.private_key, self.authorities)
        return tuple(path.read_bytes() for path in paths if path is not None)

    def context(self) -> ssl.SSLContext:
        """A server's context. Raises OSError or ssl.SSLError when the files cannot be used."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        # With a password of no length a protected key is an error, and no question on a terminal nobody watches.
        context.load_cert_chain(self.certificate, self.private_key, password="")
        if self.authorities is not None:
            context.verify_mode = ssl.CERT_REQUIRED if self.required else ssl.CERT_OPTIONAL
            context.load_verify_locations(self.authorities)
        return context


class RenewedContext(ssl.SSLContext):
    """A server's context that lets each new connection use the newest files; open connections keep theirs."""

    def __new__(cls, _files: TlsFiles) -> RenewedContext:
        """Made for a server's side."""
        return super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)

    def __init__(self, files: TlsFiles) -> None:
        """Raises OSError or ssl.SSLError when the files cannot be used."""
        self._files = files
        self._read: tuple[bytes, ...] = files.read()
        self._newest = files.context()
        self._trouble, self._times = "", 0

    def wrap_bio(self, *arguments: Any, **options: Any) -> ssl.SSLObject:
        """One connection, with the newest context."""
        return self._newest.wrap_bio(*arguments, **options)

    def refresh(self) -> None:
        """Look at the files again; those that cannot be used leave the previous ones in force. Does not raise."""
        try:
            found = self._files.read()
            if found != self._read:
                self._newest = self._files.context()
                self._read = found
                log.info("http.certificates_renewed", certificate=str(self._files.certificate))
        except (OSError, ValueError) as failure:  # ssl.SSLError is an OSError
            self._complain(str(failure))
        else:
            self._trouble = ""

    def _complain(self, trouble: str) -> None:
        """Log once what is wrong, when it is not just a moment of writing."""
        self._times = self._times + 1 if trouble == self._trouble else 1
        self._trouble = trouble
        if self._times == _TRIES:
            certificate = str(self._files.certificate)
            log.error("http.certificates_unusable", certificate=certificate, error=trouble, kept="the previous one")


async def follow(context: RenewedContext, poll_seconds: float) -> None:
    """Keep a context at the newest files until cancelled."""
    while True:
        await asyncio.sleep(poll_seconds)
        await asyncio.to_thread(context.refresh)
