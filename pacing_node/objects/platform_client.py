"""Reads the records of the platform configuration interface (GWS) over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pacing_node.http_client.client import ClientSettings, HttpClient
from pacing_node.http_client.request_failures import REQUEST_FAILURES, UnreadableAnswerError, described
from pacing_node.objects.platform_objects import TYPES
from pacing_node.objects.platform_reply import PATH, REQUEST_SECONDS, PlatformError, read_reply

if TYPE_CHECKING:
    import ssl

    from pydantic import SecretStr

PAGE_SIZE = 1000
MAX_PAGES = 2000
"""Bound against a server that never comes to an end."""
MAX_BYTES = 16 * 1024 * 1024
"""Longest body of one page, unpacked: 16 KiB a record."""


class PlatformClient:
    """One server of the pair."""

    def __init__(
        self,
        base_url: str,
        user: str | None = None,
        password: SecretStr | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        """``base_url`` is scheme, host and port; ``context`` is for https, the well-known authorities without it."""
        self._base_url = base_url
        self._client = HttpClient(
            ClientSettings(MAX_BYTES, REQUEST_SECONDS, gzip=True),
            basic=(user, password.get_secret_value() if password else "") if user else None,
            tls=context,
            headers={"Accept": "application/json"},
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def records(self) -> dict[str, list[Any]]:
        """All records of every type that is needed.

        Raises:
            PlatformError: a type cannot be read whole; part of a configuration would remove targets.
        """
        return {kind: await self._all(kind) for kind in TYPES}

    async def _all(self, kind: str) -> list[Any]:
        """Every page of a type, until one brings nothing new: servers cap pages, or know no paging at all."""
        found: list[Any] = []
        known: set[str] = set()
        for _ in range(MAX_PAGES):
            page = await self._page(kind, len(found))
            fresh = [item for item in page if _identity(item) not in known]
            known.update(map(_identity, fresh))
            found += fresh
            if not fresh:
                return found
        raise PlatformError(f"{PATH}{kind}: more than {MAX_PAGES} pages")

    async def _page(self, kind: str, offset: int) -> list[Any]:
        place = f"{PATH}{kind}"
        try:
            query = {"limit": PAGE_SIZE, "offset": offset}
            answer = await self._client.request("GET", self._base_url + place, params=query)
        except UnreadableAnswerError as error:
            raise PlatformError(f"{place}: {error}") from error
        except TimeoutError as error:
            raise PlatformError(f"{place}: no whole answer within {REQUEST_SECONDS:g} s") from error
        except REQUEST_FAILURES as error:
            raise PlatformError(f"{place}: {described(error)}") from error
        items = read_reply(place, answer.status, answer.body).get(kind)
        if not isinstance(items, list):
            raise PlatformError(f"{place}: no list {kind!r} in the reply")
        return items


def _identity(item: object) -> str:
    """What identifies a record: the DBID, else the whole record."""
    info = item.get("groupInfo", item) if isinstance(item, dict) else {}
    dbid = (
        (item.get("DBID") or (info.get("DBID") if isinstance(info, dict) else None)) if isinstance(item, dict) else None
    )
    return str(dbid) if dbid else repr(item)
