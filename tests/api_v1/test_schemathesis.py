"""Every operation of the document answers whatever the document allows, and more, with a status it documents.

A few examples of each operation; `make test-api` sends many.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from pacing_node.api.http_limits import HttpLimits
from pacing_node.api.http_server import HttpServer
from pacing_node.reference.openapi_document import FILE, document_text
from tests.support.api_site import ApiSite

EXAMPLES = int(os.environ.get("API_EXAMPLES", "3"))
ENDLESS = "/api/v1/events"


class ServedSite:
    """The API on a port of its own, in another thread: what tests send must not wait for itself."""

    def __init__(self) -> None:
        self.port = 0
        self._ready, self._thread = threading.Event(), threading.Thread(target=lambda: asyncio.run(self._serve()))

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(20.0)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(20.0)

    async def _serve(self) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        site = ApiSite()
        site.pace()
        await site.documents.write(b"tenant: Environment\n", None)
        server = HttpServer("127.0.0.1", 0, limits=HttpLimits(connections_per_address=500))
        await server.start(site.app)
        self.port = server.port
        self._ready.set()
        await self._ended.wait()
        await server.stop()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    served = ServedSite()
    served.start()
    try:
        yield f"http://127.0.0.1:{served.port}"
    finally:
        served.stop()


LABELS = [
    f"{method.upper()} {path}"
    for path, item in json.loads((Path(__file__).parents[2] / FILE).read_text())["paths"].items()
    for method in item
    if path != ENDLESS and method in {"get", "put", "post", "delete", "patch"}
]


@pytest.fixture(scope="module")
def operations() -> dict[str, Any]:
    """What can be asked, by its label. Loads the library, which takes seconds: no process collects at that price."""
    from schemathesis import openapi  # noqa: PLC0415

    schema = openapi.from_dict(json.loads(document_text())).exclude(path=ENDLESS)
    found = {each.ok().label: each.ok() for each in schema.get_all_operations()}
    assert sorted(found) == sorted(LABELS)
    return found


@pytest.mark.parametrize("label", LABELS)
def test_every_answer_is_one_the_document_has(address: str, operations: dict[str, Any], label: str) -> None:
    from schemathesis.specs.openapi.checks import positive_data_acceptance  # noqa: PLC0415

    @given(case=operations[label].as_strategy())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )
    def answers(case: Any) -> None:
        # What fits the schema may still be no good YAML, or based on no version there is.
        case.call_and_validate(base_url=address, timeout=20.0, excluded_checks=[positive_data_acceptance])

    answers()
