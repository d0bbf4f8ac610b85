"""Types of option values that several sections use."""

from __future__ import annotations

import re
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from cluster.addresses import bare_host
from pacing_node.options.allowed import Allowed

_ADDRESS = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?):([0-9]{1,5})")
_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9_])?")

_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,252}[A-Za-z0-9_.])?")
_HOST_TEXT = "a host name or address without a port, for example node1, 10.0.0.1 or fd00::1"
_ADDRESS_TEXT = "host:port, for example server1:7000"
_URL_TEXT = "an address that begins with http:// or https://, without user, password and blanks"
_PATH_TEXT = "a path of characters that print"
_NAME_TEXT = "letters, digits, dots, hyphens and underscores, at most 64"


def _split(value: object) -> object:
    """Text separated by commas becomes a list; anything else is left to the type."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _address(value: str) -> str:
    match = _ADDRESS.fullmatch(value)
    if match is None or not 1 <= int(match.group(1)) <= 65535:
        raise ValueError(_ADDRESS_TEXT)
    return value


def _host(value: str) -> str:
    host = bare_host(value)
    try:
        good = ip_address(host.partition("%")[0]) is not None
    except ValueError:
        good = _HOST.fullmatch(host) is not None
    if not good:
        raise ValueError(_HOST_TEXT)
    return host


def _addresses(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        raise ValueError(_ADDRESSES_TEXT)
    for item in value:
        try:
            _address(item)
        except ValueError as error:
            # As other clients of ZooKeeper take it: behind the last address, a path that all names are below.
            path = "; a path below which everything is kept is zookeeper.root" if "/" in item else ""
            raise ValueError(f"{_ADDRESSES_TEXT}{path}") from error
    return value


def _name(value: str) -> str:
    if _NAME.fullmatch(value) is None:
        raise ValueError(_NAME_TEXT)
    return value


def _url(value: str) -> str:
    try:
        parts = urlsplit(value)
        good = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        good = False
    if not good or not value.isprintable() or " " in value:
        raise ValueError(_URL_TEXT)
    return value


def usable_path(text: str) -> Path:
    """The path, with the home directory in place of ``~``. Raises ValueError for one that no file can have."""
    path = Path(text)
    if not text.isprintable():
        raise ValueError(_PATH_TEXT)
    try:
        return path.expanduser()
    except RuntimeError:  # there is no such user, or no home directory
        raise ValueError(f"a path; {path.parts[0]} has no home directory on this machine") from None


def _given(value: object) -> object:
    """Not the empty text: as a path it would be the directory of the file, whatever that holds."""
    if value == "":
        raise ValueError(_PATH_TEXT)
    return value


def _expanded(value: Path) -> Path:
    return usable_path(str(value))


_ADDRESSES_TEXT = "host:port separated by commas, for example zk1:2181,zk2:2181,zk3:2181"

Words: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(_split)]
"""Texts as a list or separated by commas."""
Address: TypeAlias = Annotated[str, AfterValidator(_address), Allowed(_ADDRESS_TEXT)]
"""``host:port``; an IPv6 host is in square brackets."""
Host: TypeAlias = Annotated[str, AfterValidator(_host), Allowed(_HOST_TEXT)]
"""A host name or address; an IPv6 address may stand in square brackets, which are taken off."""
Addresses: TypeAlias = Annotated[
    tuple[str, ...], BeforeValidator(_split), AfterValidator(_addresses), Allowed(_ADDRESSES_TEXT)
]
"""One address or more."""
Name: TypeAlias = Annotated[str, AfterValidator(_name), Allowed(_NAME_TEXT)]
"""A name that is also safe as a ZooKeeper node and a file name."""
Port: TypeAlias = Annotated[int, Field(ge=0, le=65535), Allowed("a whole number from 0 to 65535; 0 is any free port")]
"""A TCP port to listen on."""
Url: TypeAlias = Annotated[str, AfterValidator(_url), Allowed(_URL_TEXT)]
"""An address of the web."""
LocalPath: TypeAlias = Annotated[Path, BeforeValidator(_given), AfterValidator(_expanded), Allowed("a path")]
"""A path; ``~`` is the home directory."""
