"""Names the caller of a request once, for audit lines: behind trusted proxies whom they call for, and the proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from cluster import addresses

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from pacing_node.api.client_address import TrustedProxies

_STATE = "source"
_CALLER = "caller"


class NamedCaller:
    """An ASGI application before another."""

    def __init__(self, app: ASGIApp, proxies: TrustedProxies) -> None:
        self._app = app
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Name the caller behind a trusted proxy, and pass the request on; any other is who its connection names."""
        host, port = scope.get("client") or ("", 0)
        if self._proxies.trusts(host):
            source = addresses.join(host, port)
            caller = self._proxies.caller(host, ",".join(Headers(scope=scope).getlist("x-forwarded-for")))
            source = source if caller == host else f"{caller} through {source}"
            scope.setdefault("state", {}).update({_STATE: source, _CALLER: caller})
        await self._app(scope, receive, send)


def source_of(scope: Scope) -> str:
    """Where a request comes from, as audit lines name it: `ADDRESS:PORT`, or `ADDRESS through PROXY:PORT`."""
    named = scope.get("state", {}).get(_STATE)
    return named if isinstance(named, str) else addresses.join(*(scope.get("client") or ("", 0)))


def caller_of(scope: Scope) -> str:
    """The address a request comes from, behind trusted proxies that of whom they call for; of IPv6 its network."""
    named = scope.get("state", {}).get(_CALLER)
    return addresses.site(named if isinstance(named, str) else (scope.get("client") or ("", 0))[0])
