"""The certificate of the HTTPS port, followed while the node runs: a renewed one is shown in the next handshake."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from pathlib import Path

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
_TRIES = 2
"""Certificate and key are two files: only what is still wrong at the second look is told."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Certificate files of the HTTPS port, PEM."""

    certificate: Path
    private_key: Path
    authorities: Path | None = None
    """When given, clients must show a certificate one of these signed."""

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
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.authorities)
        return context


class RenewedContext(ssl.SSLContext):
    """A server's context that lets each new connection use the newest files; open connections keep theirs."""

    def __new__(cls, _files: TlsFiles) -> RenewedContext:
        """What the base class needs to know."""
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
        """Look at the files again; those that cannot be used leave the ones before in force. Does not raise."""
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
        """Tell once what is wrong, when it is not just a moment of writing."""
        self._times = self._times + 1 if trouble == self._trouble else 1
        self._trouble = trouble
        if self._times == _TRIES:
            certificate = str(self._files.certificate)
            log.error("http.certificates_unusable", certificate=certificate, error=trouble, kept="the one before")


async def follow(context: RenewedContext, poll_seconds: float) -> None:
    """Keep a context at the newest files until cancelled."""
    while True:
        await asyncio.sleep(poll_seconds)
        await asyncio.to_thread(context.refresh)
