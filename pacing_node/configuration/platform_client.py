"""Reads the records of the platform configuration interface (GWS) over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from pacing_node.configuration.platform_objects import TYPES

if TYPE_CHECKING:
    import ssl

    from pydantic import SecretStr

PATH = "/api/v2/platform/configuration/"
PAGE_SIZE = 1000
MAX_PAGES = 2000
"""Bound against a server that never comes to an end."""
REQUEST_SECONDS = 30.0


class PlatformError(Exception):
    """The interface cannot be read; the text says why and holds no secret."""


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
        auth = httpx.BasicAuth(user, password.get_secret_value() if password else "") if user else None
        self._client = httpx.AsyncClient(
            base_url=base_url,
            auth=auth,
            timeout=REQUEST_SECONDS,
            trust_env=False,
            verify=context if context is not None else base_url.startswith("https:"),
            headers={"Accept": "application/json"},
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

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
            answer = await self._client.get(place, params={"limit": PAGE_SIZE, "offset": offset})
            if answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
                raise PlatformError(f"{place}: HTTP {answer.status_code}: the user or the password was refused")
            body = answer.json()
        except httpx.HTTPError as error:
            raise PlatformError(f"{place}: {type(error).__name__} {error}".rstrip()) from error
        except ValueError as error:
            raise PlatformError(f"{place}: HTTP {answer.status_code} with a body that is not JSON") from error
        status = str(body.get("statusCode", "")) if isinstance(body, dict) else ""
        if answer.status_code != httpx.codes.OK or status != "0":
            message = str(body.get("statusMessage", ""))[:200] if isinstance(body, dict) else ""
            raise PlatformError(
                f"{place}: HTTP {answer.status_code}, statusCode {status or 'missing'} {message}".rstrip()
            )
        items = body.get(kind)
        if not isinstance(items, list):
            raise PlatformError(f"{place}: no list {kind!r} in the reply")
        return items


def _identity(item: object) -> str:
    """What tells records apart: the DBID, else the whole record."""
    info = item.get("groupInfo", item) if isinstance(item, dict) else {}
    dbid = (
        (item.get("DBID") or (info.get("DBID") if isinstance(info, dict) else None)) if isinstance(item, dict) else None
    )
    return str(dbid) if dbid else repr(item)
