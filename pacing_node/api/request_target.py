"""The target of a request in the form every page has: a caller may also name the whole address (RFC 9112, 3.2.2)."""

from __future__ import annotations

import re

_SCHEME_AND_HOST = re.compile(rb"https?://[^/?]*", re.IGNORECASE)


def origin_form(target: bytes) -> bytes:
    """A target without scheme and host: whom it was meant for counts for nothing here.

    Raises ValueError for one that names no page: another scheme, a host alone, ``*``.
    """
    if target.startswith(b"/"):
        return target
    named = _SCHEME_AND_HOST.match(target)
    if named is None:
        raise ValueError("not the address of a page")
    path = target[named.end() :]
    return path if path.startswith(b"/") else b"/" + path
