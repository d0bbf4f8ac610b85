"""The option that names a node's file, for commands that go the node's own way to ZooKeeper."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import structlog
import typer

from pacing_node.assembly.cluster_settings import zookeeper_security
from pacing_node.options.errors import ConfigurationError
from pacing_node.options.node_options import NodeOptions, load_node_options
from terminal.printing import complain

if TYPE_CHECKING:
    from cluster.security import ZooKeeperSecurity

REFUSED = 2
"""Exit status when a configuration was refused."""

NodeFile = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", envvar="PACING_CONFIG", help="YAML file with a node's options: the way to ZooKeeper."
    ),
]


def node_of(config: Path | None) -> NodeOptions:
    """The options of the node; ends the command when they are not good.

    From here on the command prints what matters itself: the log of its session would mix with it.
    """
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    try:
        return load_node_options(config)
    except ConfigurationError as error:
        complain(error)
        raise typer.Exit(REFUSED) from None


def security_of(node: NodeOptions) -> ZooKeeperSecurity | None:
    """How the node's session with ZooKeeper is secured; None without ZooKeeper."""
    return zookeeper_security(node.zookeeper) if node.zookeeper else None
