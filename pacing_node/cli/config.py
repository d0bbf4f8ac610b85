"""`pacing config`: check configuration files; show and change the options of the cluster."""

from __future__ import annotations

import asyncio
import os
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cluster.files import naming
from pacing_node.cli.accept_objects import accept_objects
from pacing_node.cli.config_change import Yes, other_writer, read_stored, replace, shown_diff
from pacing_node.cli.config_history import history
from pacing_node.cli.config_set import set_options
from pacing_node.cli.exits import ExitCode, fail
from pacing_node.cli.node_client import asks_a_node
from pacing_node.cli.node_file import REFUSED, NodeFile, node_of
from pacing_node.cli.output import Output, OutputOption, WatchOption, columns, show
from pacing_node.cli.watching_command import WatchingCommand
from pacing_node.doctor.config_check import FileKind, check_file
from pacing_node.objects.platform_import import import_replies
from pacing_node.options.cluster_options import parse_cluster_options
from pacing_node.options.errors import ConfigurationError
from pacing_node.options.masking import masked
from pacing_node.options.options_store import read_seed
from pacing_node.runtime.replaced_file import replace_file
from terminal.examples import examples
from terminal.forms import Form, Listing, text_of
from terminal.printing import complain, document, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pacing_node.doctor.config_check import CheckReport
    from pacing_node.options.node_options import NodeOptions
    from terminal.forms import Value


COLUMNS = {
    "target": "`<virtual queue> - <media>`",
    "queue": "the queue as statistics know it, `number@switch`",
    "groups": "agent groups that list the queue",
    "agents": "enabled agents of these groups, each once",
    "goal %": "goal of the target",
}
"""Columns of `pacing config check`, with what they mean."""
CHECK_FIELDS = {"file": "", "severity": "", "where": "", "message": ""}
"""Fields of its TSV: a row for each problem and finding."""
_EXAMPLES = {
    "check": examples("pacing config check node.yaml cluster.yaml", "pacing config check objects/ --kind objects"),
    "show": examples("pacing config show -c node.yaml", "pacing config show -c node.yaml -o yaml"),
    "set": examples(
        "pacing config set pacing.refreshPeriod=5 --why 'calmer pages'",
        "pacing config set log.verbose=interaction metrics.perTarget=true --why 'looking into Sales' --yes",
    ),
    "diff": examples("pacing config diff cluster.yaml -c node.yaml"),
    "apply": examples(
        "pacing config apply cluster.yaml -c node.yaml --dry-run", "pacing config apply cluster.yaml -c node.yaml --yes"
    ),
    "edit": examples("EDITOR=nano pacing config edit -c node.yaml"),
    "history": examples("pacing config history -c node.yaml", "pacing config history -c node.yaml --restore 4"),
    "import": examples("pacing config import saved-replies/ --to objects.yaml"),
    "accept-objects": examples("pacing config accept-objects -c node.yaml"),
}
_WATCHED = frozenset({"check", "show", "history"})


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Check configuration files; show and change the options of the cluster.")
    commands: dict[str, Callable[..., None]] = {
        "check": check,
        "show": show_options,
        "set": asks_a_node(set_options),
        "diff": diff,
        "apply": apply,
        "edit": edit,
        "history": history,
        "import": import_,
        "accept-objects": asks_a_node(accept_objects),
    }
    for name, command in commands.items():
        kind = WatchingCommand if name in _WATCHED else None
        group.command(name, cls=kind, epilog=_EXAMPLES[name])(command)
    app.add_typer(group, name="config", no_args_is_help=True)


def check(
    files: Annotated[list[Path], typer.Argument(help="Files, or directories of configuration objects.")],
    kind: Annotated[FileKind | None, typer.Option(help="What the files hold; by their keys unless given.")] = None,
    output: OutputOption = Output.TABLE,
    watch: WatchOption = None,
) -> None:
    """Check options of a node, options of a cluster or configuration objects; report all that is wrong.

    Ends with status 2 when a file would be refused or part of it left out; with --watch with 0.
    """
    if watch is not None:
        show(lambda: _checks(_checked_files(files, kind), output), output, watch)
        return
    reports = _checked_files(files, kind)
    show(lambda: _checks(reports, output), output)
    if not all(report.well for _, report in reports):
        raise typer.Exit(REFUSED)


def _checked_files(files: list[Path], kind: FileKind | None) -> list[tuple[Path, CheckReport]]:
    return [(file, check_file(file, kind)) for file in files]


def _checks(reports: list[tuple[Path, CheckReport]], output: Output) -> Listing:
    """What was found: lines for people, a row for each problem and finding for programs."""
    return Listing(
        [_as_json(file, report) for file, report in reports],
        columns(CHECK_FIELDS),
        [row for file, report in reports for row in _flat(file, report)],
        after=[line for file, report in reports for line in _lines(file, report, output)],
        table=False,
    )


def _as_json(file: Path, report: CheckReport) -> dict[str, Any]:
    return {
        "file": str(file),
        "kind": report.kind and report.kind.value,
        "well": report.well,
        "problems": [
            {"place": problem.source, "line": problem.line, "column": problem.column, "key": problem.key}
            | {"found": problem.found, "allowed": problem.allowed}
            for problem in report.problems
        ],
        "findings": [
            {"severity": finding.severity, "code": finding.code, "where": finding.where, "message": finding.message}
            for finding in report.findings
        ],
        "targets": [target.name for target in report.targets],
    }


def _flat(file: Path, report: CheckReport) -> Iterator[list[str | None]]:
    """A row for each problem and each finding."""
    for problem in report.problems:
        yield [str(file), "refused", problem.key or None, str(problem)]
    for finding in report.findings:
        yield [str(file), str(finding.severity), finding.where, finding.message]


def _lines(file: Path, report: CheckReport, output: Output) -> Iterator[str]:
    """A report for people."""
    for problem in report.problems:
        yield f"refused: {problem}"
    for finding in report.findings:
        yield f"{finding.severity}: {finding.where}: {finding.message} [{finding.code}]"
    if report.targets:
        rows: list[list[Value]] = [
            [
                target.name,
                target.queue_id,
                ", ".join(target.groups),
                len(target.agents),
                target.goal_percent,
            ]
            for target in report.targets
        ]
        titled = columns(COLUMNS, frozenset({"agents", "goal %"}), digits={"goal %": 1})
        form = Form.WIDE if output is Form.WIDE else Form.TABLE
        yield from text_of(Listing(None, titled, rows, f"{len(rows)} pacing targets"), form).splitlines()
    kind = f"{report.kind.value}: " if report.kind else ""
    yield f"{file}: {kind}{'well' if report.well else 'not well'}"


def import_(
    directory: Annotated[Path, typer.Argument(help="Directory with saved replies, one <type>.json for each type.")],
    target: Annotated[Path | None, typer.Option("--to", help="File to write; standard output unless given.")] = None,
    tenant: Annotated[str, typer.Option(help="Name of the tenant the objects belong to.")] = "",
    rules: Annotated[Path | None, typer.Option(help="YAML file with the list capacity_rules.")] = None,
) -> None:
    """Turn saved replies of the platform configuration interface (GWS) into a YAML file of configuration objects."""
    try:
        text = import_replies(directory, tenant, rules)
    except ConfigurationError as error:
        complain(error)
        raise typer.Exit(REFUSED) from None
    if target is None:
        document(text)
        return
    try:
        # It holds the secret of the engagement platform's client, and a node may read it at any moment.
        replace_file(target, text, 0o600)
    except OSError as error:
        raise fail(str(error), ExitCode.FAILED) from None
    for line in _lines(target, check_file(target, FileKind.OBJECTS), Output.TABLE):
        say(line)


def show_options(
    config: NodeFile = None,
    reveal: Annotated[bool, typer.Option("--reveal", help="Show the values of secrets.")] = False,
    output: OutputOption = Output.TABLE,
    watch: WatchOption = None,
) -> None:
    """Show the options of the cluster as they are kept, values of secrets covered."""
    node = node_of(config)
    if watch is not None or output not in {Form.TABLE, Form.WIDE}:
        show(lambda: _options_listing(*_stored_text(node, reveal=reveal)), output, watch)
        return
    version, text = _stored_text(node, reveal=reveal)
    say(f"# version {version}")
    document(text if text.endswith("\n") else f"{text}\n")


def _stored_text(node: NodeOptions, *, reveal: bool) -> tuple[int, str]:
    """Version and text of the options; ends the command when there are none."""
    stored = asyncio.run(read_stored(node))
    if stored is None:
        raise fail("the cluster has no options yet", ExitCode.NOT_FOUND)
    return stored.version, stored.text if reveal else masked(stored.text)


def _options_listing(version: int, text: str) -> Listing:
    fields: dict[str, Value] = {"version": version, "text": text}
    lines = [f"# version {version}", *text.splitlines()]
    return Listing(fields, columns(dict.fromkeys(fields, "")), [list(fields.values())], after=lines, table=False)


def diff(
    file: Annotated[Path, typer.Argument(help="YAML file with cluster options.")], config: NodeFile = None
) -> None:
    """Show how a file differs from the options that are kept; ends with status 1 when it does."""
    text = _checked(file)
    stored = asyncio.run(read_stored(node_of(config)))
    if stored is not None and stored.text == text:
        say("no difference")
        return
    say(shown_diff(stored, text, str(file)), end="")
    raise typer.Exit(ExitCode.FAILED)


def apply(
    *,
    file: Annotated[Path, typer.Argument(help="YAML file with cluster options.")],
    config: NodeFile = None,
    yes: Yes = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change and end.")] = False,
    by: Annotated[str, typer.Option(help="Who the history names; user and host unless given.")] = "",
    unless_edited: Annotated[
        bool,
        typer.Option("--unless-edited", help="Leave options alone that neither --by nor a seed has put in force."),
    ] = False,
) -> None:
    """Put the options of a file in force; refused when somebody else changes them at the same time."""
    if unless_edited and not by:
        raise fail("--unless-edited needs --by: whose options may be replaced", ExitCode.USAGE)
    node, text = node_of(config), _checked(file)
    stored = asyncio.run(read_stored(node))
    if unless_edited and stored is not None and stored.text != text:
        writer = asyncio.run(other_writer(node, stored, by))
        if writer:
            say(shown_diff(stored, text, str(file)), end="")
            say(f"version {stored.version} is by {writer}; it stays in force, and nothing was written")
            return
    replace(node, stored, text, str(file), ask=not yes, dry_run=dry_run, by=by)


def edit(config: NodeFile = None, yes: Yes = False) -> None:
    """Edit the options that are kept in $VISUAL or $EDITOR; bad ones are reported and can be edited again."""
    node = node_of(config)
    stored = asyncio.run(read_stored(node))
    text = stored.text if stored else ""
    while True:
        text = _edited(text)
        try:
            parse_cluster_options(text, "your text")
            break
        except ConfigurationError as error:
            complain(error)
            if not typer.confirm("Edit again?", default=True):
                raise typer.Exit(REFUSED) from None
    replace(node, stored, text, "your text", ask=not yes)


def _edited(text: str) -> str:
    """The text after the editor has ended. It may hold secrets, so nobody else can read the file in between."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory(prefix="pacing-") as directory:
        file = Path(directory) / "cluster.yaml"
        try:
            with naming(file):
                file.write_text(text, encoding="utf-8")
            subprocess.run([*shlex.split(editor), str(file)], check=True)  # noqa: S603 - the user's own editor
            return file.read_text(encoding="utf-8")
        except (OSError, ValueError, subprocess.CalledProcessError) as error:
            raise fail(f"the editor {editor} failed: {error}", ExitCode.FAILED) from None


def _checked(file: Path) -> str:
    """The text of a file with good cluster options; ends the command when they are not."""
    try:
        return read_seed(file)
    except ConfigurationError as error:
        complain(error)
        raise typer.Exit(REFUSED) from None
