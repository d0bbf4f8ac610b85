"""The files that a node's options name: the secret, and certificates. Read once, as a start of the node does."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from cluster.errors import SettingsError
from pacing_node.assembly.adapters import tls_files
from pacing_node.assembly.cluster_settings import cluster_settings
from pacing_node.tls import RenewedContext

if TYPE_CHECKING:
    from pacing_node.options.node_options import NodeOptions


def check_named_files(options: NodeOptions) -> None:
    """Read every one of them. Raises SettingsError naming the first that a start of the node would fail with."""
    settings = cluster_settings(options)
    settings.zookeeper_security.check_files()
    if settings.peer_tls is not None:
        settings.peer_tls.read()
    files = tls_files(options)
    if files is not None:
        try:
            RenewedContext(files)
        except (OSError, ssl.SSLError) as failure:
            message = f"certificates: {files.certificate} with {files.private_key} cannot be used: {failure}"
            raise SettingsError(message) from failure
