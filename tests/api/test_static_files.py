"""The dashboard's files: open to everybody, kept by browsers, and nothing else can run in their page."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from pacing_node.api.app import build_app
from pacing_node.api.dashboard_build import HEADER
from pacing_node.api.index_page import index_page
from pacing_node.api.static_files import NOT_BUILT, DashboardFiles, content_security_policy, read_files
from tests.api.test_pages import Site

SCRIPT = b"export const a = 1;\n" * 50


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>Agent pacing</title>")
    (tmp_path / "assets" / "index-abc.js").write_bytes(SCRIPT)
    (tmp_path / "assets" / "index-abc.js.gz").write_bytes(gzip.compress(SCRIPT))
    (tmp_path / ".sources").write_text("digest")
    return tmp_path


async def node(directory: Path) -> httpx.AsyncClient:
    found = await asyncio.to_thread(read_files, directory)
    files = DashboardFiles(found, lambda: ["127.0.0.1:8081"], index_page({"/cluster": "x"}, NOT_BUILT))
    transport = httpx.ASGITransport(app=Starlette(routes=files.routes()))
    return httpx.AsyncClient(transport=transport, base_url="http://node")


@pytest.fixture
async def client(built: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with await node(built) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/dashboard"])
async def test_the_address_leads_to_the_dashboard_also_behind_a_path(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.headers["location"]) == (307, "dashboard/")


async def test_the_page_may_run_its_own_files_and_ask_its_own_node_and_the_other_members(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/dashboard/")
    policy = answer.headers["content-security-policy"]
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "connect-src 'self' http://127.0.0.1:8081 https://127.0.0.1:8081;" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_files_with_a_digest_in_their_name_are_kept_and_sent_compressed(client: httpx.AsyncClient) -> None:
    answer = await client.get("/dashboard/assets/index-abc.js", headers={"Accept-Encoding": "gzip"})
    assert answer.content == SCRIPT
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/javascript")
    for encoding in ("identity", "gzip;q=0, identity"):
        plain = await client.get("/dashboard/assets/index-abc.js", headers={"Accept-Encoding": encoding})
        assert plain.content == SCRIPT
        assert "content-encoding" not in plain.headers
    again = await client.get("/dashboard/assets/index-abc.js", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path", ["../index.html", "%2e%2e/index.html", ".sources", "assets/", "/etc/passwd", "none.js"]
)
async def test_nothing_but_the_built_files_is_served(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(f"/dashboard/{path}")
    assert answer.status_code == 404


async def test_a_node_without_the_dashboard_says_so_and_links_its_pages(tmp_path: Path) -> None:
    async with await node(tmp_path) as client:
        answer = await client.get("/")
        assert answer.status_code == 200
        assert "not built" in answer.text
        assert '<a href="/cluster">' in answer.text
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        for path in ("/dashboard", "/dashboard/", "/dashboard/assets/index.js"):
            answer = await client.get(path)
            assert answer.status_code == 404
            assert "make setup" in answer.json()["error"]


@pytest.mark.parametrize("address", ["", "node; script-src *", "node:80 'unsafe-inline'", "a/b", "x,y"])
def test_an_address_another_member_wrote_cannot_loosen_the_policy(address: str) -> None:
    assert "connect-src 'self';" in content_security_policy([address])


async def test_every_answer_of_the_api_names_the_dashboard_its_node_serves(built: Path) -> None:
    async def api(scope: Scope, receive: Receive, send: Send) -> None:
        await JSONResponse({}, status_code=404)(scope, receive, send)

    async def named() -> str | None:
        files = await asyncio.to_thread(read_files, built)
        app = build_app(replace(Site().view(), api=api), files=files)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://node") as asking:
            assert HEADER not in (await asking.get("/liveness")).headers
            return (await asking.get("/api/v1/session")).headers.get(HEADER)

    first = await named()
    assert first is not None
    assert await named() == first
    (built / "index.html").write_text("<title>another build</title>")
    second = await named()
    assert second not in {None, first}
    (built / "index.html").unlink()
    assert await named() is None
