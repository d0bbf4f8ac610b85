"""Where a request comes from: this machine, another site's page, a proxy. Pure, over the headers of a request.

Every page in any browser on this machine can send requests to this machine's ports. So a caller counts as local only
under a name that no stranger's DNS can give (DNS rebinding), and no order is taken that another site's page sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cluster import addresses

if TYPE_CHECKING:
    from collections.abc import Mapping

_PROXY_HEADERS = ("x-forwarded-for", "forwarded", "via", "x-real-ip")
_OWN_FETCHES = frozenset({"same-origin", "none"})
"""Values of Sec-Fetch-Site for requests of the page itself, and of the person at the address bar."""


def is_direct_local(address: str, headers: Mapping[str, str]) -> bool:
    """Whether a caller is a program on this machine, and calls it by its own name or address."""
    if not addresses.is_local_host(address) or any(name in headers for name in _PROXY_HEADERS):
        return False
    host = _host_name(headers.get("host", ""))
    return host == "localhost" or addresses.parsed(host) is not None


def foreign_page(headers: Mapping[str, str]) -> str:
    """The other site whose page sent a request, in words; empty for a program, and for a page of this node."""
    fetch_site = headers.get("sec-fetch-site")
    if fetch_site is not None and fetch_site not in _OWN_FETCHES:
        return f"a page of another site sent this ({headers.get('origin') or fetch_site})"
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.casefold() != headers.get("host", "").casefold():
        return f"a page of {origin} sent this"
    return ""


def _host_name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
