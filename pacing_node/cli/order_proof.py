"""What a command that gives an order shows to the node: a certificate, a signature with the cluster's secret, a token.

No secret is taken as an argument of the command, for every user of the machine can read those.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cluster import addresses
from cluster.access.credentials import SecretCredentials, TokenCredentials
from cluster.errors import SettingsError
from cluster.security import PeerTls
from pacing_node.cli.client_options import client_options, token_of
from pacing_node.cli.exits import ExitCode, fail
from pacing_node.cli.node_client import shown_files
from pacing_node.options.errors import ConfigurationError

if TYPE_CHECKING:
    from cluster.access.credentials import CallCredentials
    from cluster.access.signed_calls import ClusterSecret
    from pacing_node.cli.client_options import ClientOptions

CALLER = "command"
"""Name under which a command signs."""

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        envvar="PACING_CONFIG",
        help="YAML file with a node's options: its certificates and the secret of the members prove who calls.",
    ),
]
SecretFileOption = Annotated[
    Path | None,
    typer.Option("--secret-file", envvar="PACING_SECRET_FILE", help="File with the secret of the cluster's members."),
]


@dataclass(frozen=True, slots=True)
class OrderProof:
    """Who gives an order, as far as the node can check it."""

    tls: PeerTls | None
    """Certificates to call with; None for plain text."""
    secret: ClusterSecret | None
    token: str | None

    def credentials(self, cluster: str, address: str) -> CallCredentials | None:
        """What is shown to the member of ``cluster`` at ``address``: the secret's signature before a token.

        Raises SettingsError for a token that others could read on the way.
        """
        if self.secret is not None:
            return SecretCredentials(self.secret, cluster, CALLER)
        if self.token is None:
            return None
        if self.tls is None and not addresses.is_local_host(addresses.split(address)[0]):
            message = (
                f"a token is not sent to {address} in plain text, where others could read it: name certificates "
                "(--config, or those of your user's file), or show the secret of the members (--secret-file)"
            )
            raise SettingsError(message)
        return TokenCredentials(self.token)


def order_proof(config: Path | None, secret_file: Path | None) -> OrderProof:
    """What was named on the command line, in variables and in the files; ends the command when it cannot be used."""
    # Loaded here: commands that only read share this module's options, and need none of it.
    from pacing_node.assembly.cluster_settings import cluster_secret, peer_tls, secret_of_file  # noqa: PLC0415
    from pacing_node.options.node_options import load_node_options  # noqa: PLC0415

    try:
        node = load_node_options(config) if config is not None else None
        options = client_options("", shown_files())
        secret = secret_of_file(secret_file) if secret_file is not None else cluster_secret(node) if node else None
        tls = peer_tls(node) if node is not None else None
        return OrderProof(tls or _client_tls(options), secret, token_of(options))
    except (ConfigurationError, SettingsError) as error:
        raise fail(str(error), ExitCode.USAGE) from None


def _client_tls(options: ClientOptions) -> PeerTls | None:
    """The certificates a person shows to nodes, where all that is needed is named."""
    if options.ca is None or options.certificate is None or options.private_key is None:
        return None
    return PeerTls(options.ca, options.certificate, options.private_key)
