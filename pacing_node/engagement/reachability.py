"""What the answer to a HEAD at the push address says of a push. Pure.

The question is whether this node gets as far as the platform: only then is it worth more than a master that does not.
Whether the platform takes HEAD there is beside the point, and most do not. By RFC 9110 a method that a resource does
not have is answered with 405, one that a server does not know with 501; routers that go by method and path say 404,
gateways 403 or 401 in front of a method without a route, frameworks that read a body first 400, 411, 415 or 422.
"""

from __future__ import annotations

from http import HTTPStatus

_PLATFORM_THERE = frozenset({HTTPStatus.NOT_IMPLEMENTED, HTTPStatus.HTTP_VERSION_NOT_SUPPORTED})
"""Failures of the server by their numbers, which only say that it takes no such request."""


def why_no_push(status: int) -> str | None:
    """Why no push would get through, by the answer to a HEAD; None when nothing speaks against one."""
    if status in _PLATFORM_THERE:
        return None
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return f"HTTP status {status}"
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        return f"HTTP status {status}: the proxy on the way refuses the credentials"
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return f"HTTP status {status}: a redirect, which no push follows"
    return None
