"""The HTTP port of a member, as far as commands that give orders need it: its page of the cluster."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from cluster.member import ClusterMember
from pacing_node.api.cluster_page import cluster_page
from pacing_node.api.http_server import HttpServer


async def serving(member: ClusterMember, *, standalone: bool = True) -> HttpServer:
    """A server of the member's page, listening; the caller stops it."""

    async def page(_: Request) -> JSONResponse:
        return JSONResponse(await cluster_page(member, cluster="site", standalone=standalone))

    server = HttpServer("127.0.0.1", 0)
    await server.start(Starlette(routes=[Route("/cluster", page)]))
    return server
