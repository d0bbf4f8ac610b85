"""HTTP Basic authentication of the servers that ask for it."""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

UNAUTHORIZED = {"WWW-Authenticate": 'Basic realm="simulator"'}
"""Header of an answer 401."""


def user_of(request: Request, users: Mapping[str, str]) -> str | None:
    """The known user whose password the request gives; form-encoded credentials (RFC 6749, 2.3.1) are read too."""
    user, password = _given(request.headers.get("authorization", ""))
    for name, secret in ((user, password), (unquote_plus(user), unquote_plus(password))):
        known = users.get(name)
        if known is not None and hmac.compare_digest(known.encode(), secret.encode()):
            return name
    return None


def named_user(authorization: str) -> str:
    """The user a header names, known or not; empty when it names none."""
    return _given(authorization)[0]


def _given(authorization: str) -> tuple[str, str]:
    """User and password of a header; both empty when it is no Basic authentication."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        text = base64.b64decode(encoded, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        text = ""
    user, _, password = text.partition(":") if scheme.lower() == "basic" else ("", "", "")
    return user, password
