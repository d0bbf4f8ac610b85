"""The HTTP ports of a node: one for everything, and one for visitors' browsers where the site wants that apart."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from cluster.descriptors import Descriptors
from pacing_node.api.app import NodeView, build_app, build_public_app
from pacing_node.api.call_rates import CallRates
from pacing_node.api.client_address import TrustedProxies
from pacing_node.api.http_limits import HttpCounters, HttpLimits
from pacing_node.api.http_server import HttpServer
from pacing_node.api.public_reads import PublicReads
from pacing_node.api.static_files import read_files

if TYPE_CHECKING:
    from pacing_node.options.node_options import NodeOptions
    from pacing_node.tls import TlsFiles


class HttpPorts:
    """The ports share limits, counters and the rates of callers."""

    def __init__(self, options: NodeOptions, tls: TlsFiles | None) -> None:
        """Bind the ports. Raises OSError when one cannot be had."""
        self.counters, self.descriptors = HttpCounters(), Descriptors()
        self._options = options
        self._tls = tls
        self._proxies = TrustedProxies(options.http.trusted_proxies)
        self._default = self._open(options.bind, options.ports.default)
        self._public: HttpServer | None = None
        if options.ports.public is not None:
            self._public = self._open(options.public_bind or options.bind, options.ports.public)

    def _open(self, address: str, port: int) -> HttpServer:
        http = self._options.http
        return HttpServer(
            address,
            port,
            self._tls,
            limits=HttpLimits(connections=http.connections, connections_per_address=http.connections_per_address),
            counters=self.counters,
            proxies=self._proxies,
            descriptors=self.descriptors,
        )

    @property
    def port(self) -> int:
        """The port for everything."""
        return self._default.port

    @property
    def public_port(self) -> int | None:
        """The port for visitors' browsers; None without one of its own."""
        return self._public.port if self._public is not None else None

    async def start(self, view: NodeView) -> None:
        """Begin to answer. Raises OSError or ssl.SSLError when the certificate files cannot be used."""
        rates = CallRates(self._options.http.reads_per_second)
        reads = PublicReads(
            view.plan,
            view.latest_report,
            view.statistics,
            rates=rates,
            proxies=self._proxies,
            counters=self.counters,
        )
        files = await asyncio.to_thread(read_files)
        await self._default.start(build_app(view, reads, files))
        if self._public is not None:
            await self._public.start(build_public_app(reads))

    async def stop(self) -> None:
        """Finish what is being answered and close the ports."""
        if self._public is not None:
            await self._public.stop()
        await self._default.stop()
