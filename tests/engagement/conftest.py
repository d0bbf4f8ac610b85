"""A platform that behaves unless told otherwise, and the adapter that talks to it."""

from __future__ import annotations

import pytest

from pacing_node.engagement.bulk import BulkPlatform
from tests.support.engagement_platform import platform_running, settings


@pytest.fixture
async def platform():
    async with platform_running() as running:
        yield running


@pytest.fixture
async def engagement(platform):
    adapter = BulkPlatform(settings(platform.url))
    yield adapter
    await adapter.close()
