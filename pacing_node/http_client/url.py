"""Addresses as the client reads them, for who checks them before there is a request."""

from __future__ import annotations

from dataclasses import dataclass

import httpx


@dataclass(frozen=True, slots=True)
class UrlParts:
    """What a request would go by."""

    scheme: str
    host: str
    credentials: bool
    """Whether a user or a password is part of the address."""


def url_parts(url: str) -> UrlParts:
    """The parts of an address. Raises ValueError when it is none."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ValueError(str(error)) from None
    return UrlParts(parsed.scheme, parsed.host, bool(parsed.userinfo))
