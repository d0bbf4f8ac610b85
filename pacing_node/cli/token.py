"""`pacing token`: make, list and revoke the tokens that people and programs show to the nodes."""

from __future__ import annotations

import asyncio
import os
import platform
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cluster.access.roles import ROLES_OF_PEOPLE, AccessRole
from cluster.access.tokens import (
    ID_BYTES,
    SECRET_BYTES,
    AccessToken,
    DamagedTokensError,
    KeptTokens,
    decode_tokens,
    encode_tokens,
    new_token,
)
from cluster.errors import ClusterError, UnavailableError
from pacing_node.cli.config_change import current_user
from pacing_node.cli.exits import ExitCode, fail
from pacing_node.cli.node_file import NodeFile, node_of, security_of
from pacing_node.cli.orders import parse_duration
from pacing_node.cli.output import Output, OutputOption, WatchOption, columns, moment, show, utc
from pacing_node.cli.watching_command import WatchingCommand
from pacing_node.options.document_access import open_tokens
from pacing_node.options.exposure import has_proof
from terminal.examples import examples
from terminal.forms import Listing
from terminal.printing import complain, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from pacing_node.options.node_options import NodeOptions

COLUMNS = {
    "id": "first part of the token; it is no secret",
    "name": "whom or what it was made for",
    "role": "`viewer`, `operator` or `admin`",
    "made (UTC)": "when",
    "made by": "user and host of the command",
    "expires (UTC)": "when it is accepted no more",
    "state": "`valid`, or `expired`",
}
"""Columns of `pacing token list`, with what they mean."""

_UNPROVED = (
    "without a secret, peer certificates and an identity provider every user of a node's machine can give orders to "
    "it; set access.secret_file"
)

CREATE_EXAMPLES = examples(
    "pacing token create 'night desk' --role operator --for 30d --config node.yaml",
    "pacing token create grafana --role viewer --to grafana.token --config node.yaml",
)
LIST_EXAMPLES = examples("pacing token list --config node.yaml", "pacing token list --config node.yaml -o json")
REVOKE_EXAMPLES = examples("pacing token revoke 3f9ac1 --config node.yaml")

RoleOption = Annotated[AccessRole, typer.Option("--role", help=f"One of {', '.join(ROLES_OF_PEOPLE)}.")]
LifeOption = Annotated[str, typer.Option("--for", metavar="TIME", help="How long it holds, such as 12h or 90d.")]
FileOption = Annotated[
    Path | None,
    typer.Option("--to", metavar="FILE", help="Write the token into a new file that nobody else can read."),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Make, list and revoke the tokens that people and programs show to the nodes.")
    group.command("create", epilog=CREATE_EXAMPLES)(create)
    group.command("list", cls=WatchingCommand, epilog=LIST_EXAMPLES)(list_tokens)
    group.command("revoke", epilog=REVOKE_EXAMPLES)(revoke)
    app.add_typer(group, name="token", no_args_is_help=True)


def create(
    name: Annotated[str, typer.Argument(help="Whom or what it is for.")],
    role: RoleOption,
    life: LifeOption = "90d",
    file: FileOption = None,
    config: NodeFile = None,
) -> None:
    """Make a token and show it this once: the cluster keeps its hash alone."""
    node, now, by = node_of(config), time.time(), _who()
    try:
        text, token = new_token(
            name,
            role,
            created_at=now,
            seconds=parse_duration(life),
            randomness=os.urandom(ID_BYTES + SECRET_BYTES),
            created_by=by,
        )
    except ValueError as error:
        raise fail(str(error), ExitCode.USAGE) from None
    if file is not None:
        _write(file, text)
    _change(node, lambda kept: KeptTokens((*_valid(kept, now), token), by))
    complain(f"token {token.id} for {name}, role {role}, until {utc(token.expires_at, '%Y-%m-%d %H:%M:%S')} UTC")
    if file is None:
        say(text)


def list_tokens(config: NodeFile = None, output: OutputOption = Output.TABLE, watch: WatchOption = None) -> None:
    """List the tokens of the cluster; none of them can be shown again."""
    node = node_of(config)
    show(lambda: _listing(asyncio.run(_read(node)), time.time()), output, watch)


def _listing(kept: KeptTokens, now: float) -> Listing:
    rows = [
        {
            "id": token.id,
            "name": token.name,
            "role": token.role.value,
            "created_at": token.created_at,
            "created_by": token.created_by,
            "expires_at": token.expires_at,
            "expired": now >= token.expires_at,
        }
        for token in kept.tokens
    ]
    form = "%Y-%m-%d %H:%M"
    table = [
        [
            token.id,
            token.name,
            token.role.value,
            moment(token.created_at, form),
            token.created_by,
            moment(token.expires_at, form),
            "expired" if now >= token.expires_at else "valid",
        ]
        for token in kept.tokens
    ]
    return Listing(rows, columns(COLUMNS), table, f"{len(table)} tokens")


def revoke(
    ids: Annotated[list[str], typer.Argument(metavar="ID…", help="As `pacing token list` shows them.")],
    config: NodeFile = None,
) -> None:
    """Revoke tokens: every node refuses them within seconds."""
    node, by = node_of(config), _who()
    left = 0

    def without(kept: KeptTokens) -> KeptTokens:
        unknown = set(ids) - {token.id for token in kept.tokens}
        if unknown:
            raise fail(f"there is no token {', '.join(sorted(unknown))}; nothing was revoked", ExitCode.NOT_FOUND)
        nonlocal left
        tokens = tuple(token for token in kept.tokens if token.id not in ids)
        left = len(tokens)
        return KeptTokens(tokens, by)

    _change(node, without)
    say(f"revoked: {', '.join(ids)}")
    if not left and not has_proof(node):
        complain(f"no token is left: {_UNPROVED}")


def _valid(kept: KeptTokens, now: float) -> tuple[AccessToken, ...]:
    """Those that have not expired: with every new token the list is cleared of old ones."""
    return tuple(token for token in kept.tokens if now < token.expires_at)


def _who() -> str:
    return f"{current_user()}@{platform.node()}"


def _write(file: Path, text: str) -> None:
    """Write the token before it is put in force: one that nobody has would be of no use."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with open(descriptor, "w", encoding="ascii") as output:  # noqa: PTH123 - a descriptor, not a path
            output.write(text + "\n")
    except OSError as error:
        raise fail(f"{file}: {str(error.strerror).lower()}; allowed is a new file", ExitCode.FAILED) from None


async def _read(node: NodeOptions) -> KeptTokens:
    try:
        async with open_tokens(node, security_of(node)) as documents:
            document = await documents.read()
        return decode_tokens(document.data) if document is not None else KeptTokens()
    except (ClusterError, DamagedTokensError) as error:
        raise _failed(error) from None


def _change(node: NodeOptions, change: Callable[[KeptTokens], KeptTokens]) -> None:
    """Change the list by compare-and-set; ends the command when somebody else was faster or the store is away."""

    async def write() -> None:
        async with open_tokens(node, security_of(node)) as documents:
            document = await documents.read()
            kept = decode_tokens(document.data) if document is not None else KeptTokens()
            await documents.write(encode_tokens(change(kept)), document.version if document is not None else None)

    try:
        asyncio.run(write())
    except (ClusterError, DamagedTokensError) as error:
        raise _failed(error) from None


def _failed(error: Exception) -> typer.Exit:
    code = ExitCode.UNREACHABLE if isinstance(error, UnavailableError) else ExitCode.FAILED
    return fail(str(error), code)
