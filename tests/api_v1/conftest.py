"""The API of a node with two targets and a newest cycle."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.support.api_site import ApiSite


@pytest.fixture
async def site() -> ApiSite:
    return ApiSite()


@pytest.fixture
async def client(site: ApiSite) -> AsyncIterator[httpx.AsyncClient]:
    async with site.client() as client:
        yield client
