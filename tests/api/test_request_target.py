"""A page may be named by its whole address, as clients of proxies do: it is the same page, behind the same gate."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from pacing_node.api.http_server import HttpServer
from pacing_node.api.request_target import origin_form


async def told(request: Request) -> Response:
    return PlainTextResponse(f"{request.url.path}?{request.url.query}")


APP = Starlette(routes=[Route("/", told), Route("/liveness", told)])


async def answer(target: str) -> tuple[bytes, bytes]:
    """Status and body of the answer to a GET of this target."""
    server = HttpServer("127.0.0.1", 0)
    await server.start(APP)
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(f"GET {target} HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n".encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        return head.split()[1], body
    finally:
        await server.stop()


@pytest.mark.parametrize(
    ("target", "page"),
    [
        ("/liveness", b"/liveness?"),
        ("http://node:8080/liveness?a=1", b"/liveness?a=1"),
        ("HTTPS://[2001:db8::1]/liveness", b"/liveness?"),
        ("http://node", b"/?"),
        ("http://node?a=1", b"/?a=1"),
    ],
)
async def test_the_whole_address_names_the_same_page(target: str, page: bytes) -> None:
    assert await answer(target) == (b"200", page)


@pytest.mark.parametrize("target", ["//liveness", "/http://node/liveness", "ftp://node/liveness"])
async def test_what_is_no_address_of_a_page_is_none(target: str) -> None:
    assert (await answer(target))[0] in {b"400", b"404"}


@given(st.binary(max_size=60))
def test_a_path_stays_as_it_is_and_nothing_else_ever_comes_out(path: bytes) -> None:
    assert origin_form(b"/" + path) == b"/" + path
    assert origin_form(b"http://node/" + path) == b"/" + path
    assert origin_form(b"http://node?" + path) == b"/?" + path
