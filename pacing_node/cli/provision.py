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


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("provision")(provision)


def provision(
    *,
    application: Annotated[
        str, typer.Option("--app", "-app", help="Application the definitions belong to: the one of Stat Server.")
    ],
    host: Annotated[
        str | None, typer.Option("--host", "-host", help="Host of the bridge in front of Config Server.")
    ] = None,
    port: Annotated[int | None, typer.Option("--port", "-port", min=1, max=65535, help="Port of the bridge.")] = None,
    user: Annotated[str, typer.Option("--user", "-user", help="User of Config Server.")] = "",
    password: Annotated[
        str,
        typer.Option("--password", "-password", envvar="PACING_PROVISION_PASSWORD", help="Password of the user."),
    ] = "",
    file: Annotated[
        Path | None, typer.Option("--file", help="YAML file, or directory of files, of the objects, instead of a host.")
    ] = None,
    tenant: Annotated[str, typer.Option("--tenant", help="Tenant; empty for the only one.")] = "",
    authorities: Annotated[
        Path | None, typer.Option("--authorities", help="PEM file; speak TLS with a bridge these authorities signed.")
    ] = None,
    filter_expression: Annotated[
        str, typer.Option("--filter-expression", help="What tells a proactive interaction at this site.")
    ] = FILTER_EXPRESSION,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", "-overwrite", help="Remove what exists and make it anew.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
) -> None:
    """Add the statistics, the filter and the alarm conditions of the service; what exists is left alone.

    The transaction object hybrid_integration is never touched. Run again, it changes nothing.
    """
    try:
        if file is not None and host is None:
            target: ProvisioningTarget = FileTarget(file)
        elif host is not None and port is not None and file is None:
            target = BridgeTarget(
                f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
                application=application,
                user=user,
                password=password,
                tenant=tenant,
                authorities=authorities,
            )
        else:
            raise fail("name either --host and --port, or --file", WRONG_USAGE)
        changes = plan(target.existing(), wanted(application, filter_expression), overwrite=overwrite)
        if not dry_run:
            apply(target, changes)
    except ProvisioningError as error:
        raise fail(str(error), ExitCode.FAILED) from None
    for change in changes:
        typer.echo(str(change))
    if dry_run:
        typer.echo("dry run: nothing was written")
    else:
        typer.echo(SUCCESS)
