"""`pacing provision`: put into the contact centre's configuration what the service needs there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pacing_node.cli.output import ExitCode, fail
from pacing_node.provisioning.bridge_target import BridgeTarget
from pacing_node.provisioning.definitions import FILTER_EXPRESSION, plan, wanted
from pacing_node.provisioning.file_target import FileTarget
from pacing_node.provisioning.port import ProvisioningError, ProvisioningTarget, apply

SUCCESS = "Provisioning script successfully finished his work"
"""The reference product's words, which scripts at sites look for."""
WRONG_USAGE = 2


Application = Annotated[
    str, typer.Option("--app", "-app", help="Application the definitions belong to: the one of Stat Server.")
]
Host = Annotated[str | None, typer.Option("--host", "-host", help="Host of the bridge in front of Config Server.")]
Port = Annotated[int | None, typer.Option("--port", "-port", min=1, max=65535, help="Port of the bridge.")]
User = Annotated[str, typer.Option("--user", "-user", help="User of Config Server.")]
Password = Annotated[
    str, typer.Option("--password", "-password", envvar="PACING_PROVISION_PASSWORD", help="Password of the user.")
]
File = Annotated[
    Path | None, typer.Option("--file", help="YAML file, or directory of files, of the objects, instead of a host.")
]
Tenant = Annotated[str, typer.Option("--tenant", help="Tenant; empty for the only one.")]
Authorities = Annotated[
    Path | None, typer.Option("--authorities", help="PEM file; speak TLS with a bridge these authorities signed.")
]
FilterExpression = Annotated[
    str, typer.Option("--filter-expression", help="What tells a proactive interaction at this site.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", "-overwrite", help="Remove what exists and make it anew.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("provision")(provision)


def provision(
    *,
    application: Application,
    host: Host = None,
    port: Port = None,
    user: User = "",
    password: Password = "",
    file: File = None,
    tenant: Tenant = "",
    authorities: Authorities = None,
    filter_expression: FilterExpression = FILTER_EXPRESSION,
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
) -> None:
    """Add the statistics, the filter and the alarm conditions of the service; what exists is left alone.

    The transaction object hybrid_integration is never touched. Run again, it changes nothing.
    """
    if (host is None or port is None) if file is None else (host is not None or port is not None):
        raise fail("name either --host and --port, or --file", WRONG_USAGE)
    try:
        target: ProvisioningTarget
        if file is not None:
            target = FileTarget(file)
        else:
            address = f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"
            credentials = {"user": user, "password": password, "tenant": tenant}
            target = BridgeTarget(address, application=application, authorities=authorities, **credentials)
        changes = plan(target.existing(), wanted(application, filter_expression), overwrite=overwrite)
        if not dry_run:
            apply(target, changes)
    except ProvisioningError as error:
        raise fail(str(error), ExitCode.FAILED) from None
    for change in changes:
        typer.echo(str(change))
    typer.echo("dry run: nothing was written" if dry_run else SUCCESS)
