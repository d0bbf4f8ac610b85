"""How commands reach a node over HTTP: its addresses, and the certificates where it speaks HTTPS.

Each comes from the command line, else from its environment variable, else from the section ``client`` of
``~/.config/agent-pacing/config.yaml``.
"""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from cluster import addresses
from pacing_node.options.errors import ConfigurationError, Problem
from pacing_node.options.schema import Key, Section, build, canonical
from pacing_node.options.values import LocalPath, Words
from pacing_node.options.yaml_documents import load_document

if TYPE_CHECKING:
    from collections.abc import Mapping

URL = "http://127.0.0.1:8080"
"""Asked when no address is named anywhere."""
PORT = 8080
"""Port of an address that names none and no scheme."""


class ClientOptions(Section):
    """How commands reach the nodes."""

    url: Words = ()
    """Addresses of nodes; the first that answers is asked."""
    ca: LocalPath | None = None
    """Certificates of the authorities that sign the nodes' certificates, PEM; those the system trusts unless given."""
    certificate: LocalPath | None = None
    """Certificate to show to a node that asks for one, PEM."""
    private_key: Annotated[LocalPath | None, Key("privateKey")] = None
    """Private key of that certificate, PEM."""
    token_file: Annotated[LocalPath | None, Key("tokenFile")] = None
    """File with the token to show: an access token, or a JWT of the identity provider."""


class ClientFile(Section):
    """The file of a user's own settings."""

    client: Annotated[ClientOptions, Field(default_factory=ClientOptions)]
    """How commands reach the nodes."""


@dataclass(frozen=True, slots=True)
class ClientFiles:
    """Files named on the command line."""

    ca: Path | None = None
    certificate: Path | None = None
    private_key: Path | None = None
    token_file: Path | None = None


def client_file(environ: Mapping[str, str]) -> Path:
    """Where a user's own settings are."""
    base = environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "agent-pacing" / "config.yaml"


def client_options(url: str, files: ClientFiles, environ: Mapping[str, str] | None = None) -> ClientOptions:
    """What was named on the command line, over what the user's file says.

    Raises:
        ConfigurationError: the file cannot be used.
    """
    path = client_file(os.environ if environ is None else environ)
    kept = ClientFile(client=ClientOptions())
    if path.exists():
        kept = build(ClientFile, canonical(ClientFile, load_document(path)))
    own, secured = kept.client, files.certificate or files.private_key
    return ClientOptions(
        url=tuple(part.strip() for part in url.split(",") if part.strip()) or own.url or (URL,),
        ca=files.ca or own.ca,
        certificate=files.certificate if secured else own.certificate,
        private_key=files.private_key if secured else own.private_key,
        token_file=files.token_file or own.token_file,
    )


def full_url(text: str, *, secure: bool) -> str:
    """An address with scheme and, where neither was written, the port of a node.

    ``node1``, ``node1:8080``, ``fd00::1`` and ``[fd00::1]:8080`` are understood too. Raises ValueError.
    """
    text = text.rstrip("/")
    if "://" in text:
        if not text.startswith(("http://", "https://")):
            raise ValueError(f"{text[:80]}: allowed is an address with http:// or https://, or without a scheme")
        return text
    host, slash, path = text.partition("/")
    try:
        address = addresses.join(str(ip_address(addresses.bare_host(host))), PORT)
    except ValueError:
        address = host if ":" in host else addresses.join(host, PORT)
    return f"{'https' if secure else 'http'}://{address}{slash}{path}"


def context_of(options: ClientOptions) -> ssl.SSLContext:
    """The context for HTTPS; without ``ca`` the system's authorities are trusted, or those of ``SSL_CERT_FILE``.

    Raises:
        ConfigurationError: a file cannot be used.
    """
    if (options.certificate is None) != (options.private_key is None):
        found = "one of certificate and private key alone"
        raise ConfigurationError((Problem("client", "", found, "both, or none"),))
    try:
        context = ssl.create_default_context(cafile=options.ca)
        if options.certificate is not None:
            context.load_cert_chain(options.certificate, options.private_key, password=_no_password)
    except OSError as error:
        files = ", ".join(str(file) for file in (options.ca, options.certificate, options.private_key) if file)
        reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror
        found = f"{str(reason or type(error).__name__).lower().replace('_', ' ')} ({files or 'SSL_CERT_FILE'})"
        raise ConfigurationError((Problem("client", "", found, "PEM files that can be used"),)) from None
    return context


def token_of(options: ClientOptions, environ: Mapping[str, str] | None = None) -> str | None:
    """The token to show: that of the file, else that of the variable ``PACING_TOKEN``; None without one.

    Raises:
        ConfigurationError: the file cannot be read, or there is no token in it.
    """
    path = options.token_file
    if path is None:
        return (os.environ if environ is None else environ).get("PACING_TOKEN", "").strip() or None
    try:
        text = path.read_text(encoding="utf-8-sig").strip()
    except (OSError, ValueError) as error:
        reason = str(getattr(error, "strerror", None) or "not text").lower()
        raise ConfigurationError((Problem(str(path), "", reason, "a readable file with a token"),)) from None
    if not text.isascii() or not text.isprintable() or not text or " " in text:
        raise ConfigurationError((Problem(str(path), "", "no token", "one line with a token"),))
    return text


def _no_password() -> str:
    """Instead of a question on the terminal: keys with a password are refused."""
    raise ssl.SSLError(1, "the private key has a password")
