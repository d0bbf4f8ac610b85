"""`pacing provision`: put into the contact centre's configuration what the service needs there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pacing_node.cli.exits import ExitCode, fail
from pacing_node.cli.node_file import NodeFile
from pacing_node.cli.provision_target import Scheme, ServerKind, Wish, targets_of
from pacing_node.objects.platform_reply import PATH
from pacing_node.provisioning.definitions import ALARM_EVENTS, FILTER_EXPRESSION, plan, wanted
from pacing_node.provisioning.gws_target import GwsRoutes
from pacing_node.provisioning.provisioning_target import PartlyWrittenError, ProvisioningError, apply, first_answering
from terminal.examples import examples
from terminal.printing import say

if TYPE_CHECKING:
    from pacing_node.provisioning.definitions import Definition, DefinitionChange

SUCCESS = "Provisioning script successfully finished his work"
"""The reference product's words, which scripts at sites look for."""
_GWS = "Only for the kind gws"
_EVENTS = ",".join(ALARM_EVENTS)

Application = Annotated[
    str, typer.Option("--app", "-app", help="Application the definitions belong to: the one of Stat Server.")
]
Host = Annotated[str | None, typer.Option("--host", "-host", help="Host of the server in front of Config Server.")]
Port = Annotated[int | None, typer.Option("--port", "-port", min=1, max=65535, help="Port of the server.")]
Kind = Annotated[ServerKind, typer.Option("--kind", help="What listens there: a bridge, or the platform's interface.")]
HttpScheme = Annotated[Scheme, typer.Option("--scheme", help=f"{_GWS}: how the server is spoken to.")]
User = Annotated[str, typer.Option("--user", "-user", help="User of Config Server.")]
Password = Annotated[
    str, typer.Option("--password", "-password", envvar="PACING_PROVISION_PASSWORD", help="Password of the user.")
]
File = Annotated[
    Path | None, typer.Option("--file", help="YAML file, or directory of files, of the objects, instead of a host.")
]
Tenant = Annotated[str, typer.Option("--tenant", help="Tenant; empty for the only one.")]
Authorities = Annotated[
    Path | None, typer.Option("--authorities", help="PEM file; speak TLS with a server these authorities signed.")
]
FilterExpression = Annotated[
    str, typer.Option("--filter-expression", help="Expression that marks a proactive interaction at this site.")
]
AlarmEvents = Annotated[
    str, typer.Option("--alarm-events", help="Log events that raise and clear the conditions, separated by a comma.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", "-overwrite", help="Remove what exists and make it anew.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
GwsPath = Annotated[str, typer.Option("--gws-path", help=f"{_GWS}: path of the interface.")]
CreateMethod = Annotated[str, typer.Option("--create-method", help=f"{_GWS}: HTTP method that makes a record.")]
UpdateMethod = Annotated[str, typer.Option("--update-method", help=f"{_GWS}: HTTP method that changes a record.")]
NoFolder = Annotated[bool, typer.Option("--no-folder", help=f"{_GWS}: make the alarm conditions without a folder.")]
ChangedOnly = Annotated[
    bool,
    typer.Option(
        "--changed-sections-only", help=f"{_GWS}: send only the sections that change; the server keeps the others."
    ),
]

EXAMPLES = examples(
    "pacing provision --app StatServer --host bridge --port 7090 --user admin --dry-run",
    "pacing provision --app StatServer --file objects.yaml",
)


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("provision", epilog=EXAMPLES)(provision)


def provision(
    *,
    application: Application,
    host: Host = None,
    port: Port = None,
    kind: Kind = ServerKind.BRIDGE,
    scheme: HttpScheme = Scheme.HTTPS,
    user: User = "",
    password: Password = "",
    file: File = None,
    config: NodeFile = None,
    tenant: Tenant = "",
    authorities: Authorities = None,
    filter_expression: FilterExpression = FILTER_EXPRESSION,
    alarm_events: AlarmEvents = _EVENTS,
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
    gws_path: GwsPath = PATH,
    create_method: CreateMethod = "POST",
    update_method: UpdateMethod = "PUT",
    no_folder: NoFolder = False,
    changed_sections_only: ChangedOnly = False,
) -> None:
    """Add the statistics, the filter and the alarm conditions of the service; what exists is left alone.

    Without a host and a file the configuration server of the cluster a node belongs to is used (--config).
    The transaction object hybrid_integration is never touched. Run again, it changes nothing.
    """
    path = f"/{gws_path.strip('/')}/"
    routes = GwsRoutes(path, create_method.upper(), update_method.upper(), not no_folder, not changed_sections_only)
    wish = Wish(
        application=application,
        file=file,
        host=host,
        port=port,
        kind=kind,
        scheme=scheme,
        user=user,
        password=password,
        tenant=tenant,
        authorities=authorities,
        config=config,
        routes=routes,
    )
    _run(wish, wanted(application, filter_expression, _events(alarm_events)), overwrite=overwrite, dry_run=dry_run)


def _run(wish: Wish, needed: tuple[Definition, ...], *, overwrite: bool, dry_run: bool) -> None:
    """Write what is needed, and say what became of it."""
    try:
        target, existing = first_answering(targets_of(wish))
        changes = plan(existing, needed, overwrite=overwrite)
        if not dry_run:
            apply(target, changes)
    except PartlyWrittenError as error:
        _say(error.written)
        raise fail(f"stopped after these {len(error.written)}; the others are as they were: {error}", 1) from None
    except ProvisioningError as error:
        raise fail(str(error), ExitCode.FAILED) from None
    _say(changes)
    say("dry run: nothing was written" if dry_run else SUCCESS)


def _say(changes: tuple[DefinitionChange, ...]) -> None:
    for change in changes:
        say(str(change))


def _events(text: str) -> tuple[str, str]:
    """The two events of ``--alarm-events``; ends the command when there are not two."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 2 or not all(parts):
        raise fail(f"--alarm-events: found {text!r}; allowed: two events separated by a comma", ExitCode.USAGE)
    return parts[0], parts[1]
