"""Which source `pacing provision` writes to: the one the command names, else the one in the cluster's options."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from cluster import addresses
from pacing_node.cli.config_change import read_stored
from pacing_node.cli.exits import ExitCode, fail
from pacing_node.cli.node_file import node_of
from pacing_node.options.cluster_options import load_cluster_options, parse_cluster_options
from pacing_node.options.connections import ConfigServer, ServerTls
from pacing_node.options.errors import ConfigurationError
from pacing_node.provisioning.bridge_target import BridgeTarget
from pacing_node.provisioning.file_target import FileTarget
from pacing_node.provisioning.gws_target import GwsRoutes, GwsTarget
from pacing_node.provisioning.provisioning_target import ProvisioningError
from pacing_node.tls import channel_credentials, client_context

if TYPE_CHECKING:
    from pathlib import Path

    from pacing_node.options.cluster_options import ClusterOptions
    from pacing_node.provisioning.provisioning_target import ProvisioningTarget

NODE_VARIABLE = "PACING_ZOOKEEPER"
"""Variables that begin so name a cluster without a node's file."""


class ServerKind(StrEnum):
    """Kinds of servers that can be written to, as in ``configServer.kind``."""

    BRIDGE = "bridge"
    GWS = "gws"


class Scheme(StrEnum):
    """How a server of the kind gws is spoken to."""

    HTTPS = "https"
    HTTP = "http"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line says of the source; None and empty are what it leaves open."""

    application: str
    file: Path | None = None
    host: str | None = None
    port: int | None = None
    kind: ServerKind = ServerKind.BRIDGE
    scheme: Scheme = Scheme.HTTPS
    user: str = ""
    password: str = field(default="", repr=False)
    tenant: str = ""
    authorities: Path | None = None
    config: Path | None = None
    routes: GwsRoutes = field(default_factory=GwsRoutes)


def targets_of(wish: Wish) -> list[ProvisioningTarget]:
    """The source as the servers of a pair, the primary first.

    Ends the command when it is not named in one way. Raises ProvisioningError when a certificate cannot be used.
    """
    named = wish.host is not None or wish.port is not None
    if (wish.file is not None and named) or (named and (wish.host is None or wish.port is None)):
        raise fail("name either --host and --port, or --file", ExitCode.USAGE)
    if wish.file is not None:
        return [FileTarget(wish.file)]
    try:
        if named:
            tls = ServerTls(authorities=wish.authorities) if wish.authorities is not None else None
            server = ConfigServer(
                kind=wish.kind.value,
                primary=addresses.join(str(wish.host), int(wish.port or 0)),
                scheme=wish.scheme.value,
                tls=tls,
            )
            return _servers(wish, server, wish.tenant)
        options = _options_of_the_cluster(wish)
        return _servers(wish, options.config_server, wish.tenant or options.tenant)
    except ConfigurationError as error:
        raise ProvisioningError(str(error)) from None
    except ValueError:
        raise fail(f"--host: {wish.host} is no host", ExitCode.USAGE) from None


def _options_of_the_cluster(wish: Wish) -> ClusterOptions:
    """The options in ZooKeeper, else those of the file that will seed them. Raises ConfigurationError."""
    if wish.config is None and not any(name.startswith(NODE_VARIABLE) for name in os.environ):
        message = "name --host and --port, or --file, or with --config a node whose cluster names its configServer"
        raise fail(message, ExitCode.USAGE)
    node = node_of(wish.config)
    stored = asyncio.run(read_stored(node))
    if stored is not None:
        return parse_cluster_options(stored.text, f"cluster options version {stored.version}")
    if node.seed is not None:
        return load_cluster_options(node.seed)
    raise fail("the cluster has no options yet, and the node names no seed: name --host and --port", ExitCode.NOT_FOUND)


def _servers(wish: Wish, server: ConfigServer, tenant: str) -> list[ProvisioningTarget]:
    """One target for each server, or for the file. Raises ConfigurationError."""
    if server.kind == "file":
        assert server.path is not None
        return [FileTarget(server.path)]
    user = wish.user or server.user or ""
    password = wish.password or (server.password.get_secret_value() if server.password else "")
    addresses = [address for address in (server.primary, server.backup) if address]
    common = {"application": wish.application, "user": user, "password": password}
    if server.kind == "bridge":
        credentials = channel_credentials(server.tls)
        return [BridgeTarget(address, tenant=tenant, credentials=credentials, **common) for address in addresses]
    context = client_context(server.tls) if server.scheme == "https" else None
    urls = [f"{server.scheme}://{address}" for address in addresses]
    return [GwsTarget(url, context=context, routes=wish.routes, **common) for url in urls]
