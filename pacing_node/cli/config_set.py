"""`pacing config set`: single options of the cluster, through the API of a node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
import yaml

from pacing_node.cli.exits import ExitCode, YesOption, ask_before, fail
from pacing_node.cli.node_client import DEFAULT_URL, UrlOption, ask, give_order
from pacing_node.cli.output import Output, OutputOption, columns, show
from pacing_node.options.errors import ConfigurationError
from pacing_node.options.masking import masked
from pacing_node.options.option_edit import with_options
from pacing_node.options.options_store import options_diff
from terminal.forms import Listing
from terminal.printing import complain

if TYPE_CHECKING:
    from collections.abc import Sequence

_PATH = "/api/v1/config"

Settings = Annotated[
    list[str],
    typer.Argument(metavar="KEY=VALUE…", help="Options as in files, such as log.verbose=interaction; KEY= unsets."),
]
Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="Why; kept in the audit log.")]


def set_options(
    *,
    settings: Settings,
    why: Why,
    yes: YesOption = False,
    url: UrlOption = DEFAULT_URL,
    output: OutputOption = Output.TABLE,
) -> None:
    """Set single options of the cluster, or take them out (KEY=); refused when somebody else changes them meanwhile.

    The node changes the text that is kept and leaves comments and secrets in it alone. Needs the role admin.
    """
    values = _values(settings)
    page = ask(url, _PATH)
    version, text = page["version"], page["text"]
    if version is None:
        raise fail("the cluster has no options yet: pacing config apply", ExitCode.NOT_FOUND)
    try:
        diff = options_diff(text, masked(with_options(text, values)), f"version {version}", "the change")
    except ConfigurationError as error:
        raise fail(str(error), ExitCode.USAGE) from None
    complain(diff or "no visible difference: only secrets, or values that are so already", end="" if diff else "\n")
    ask_before("This changes the options of the whole cluster.", yes=yes)
    answer = give_order(url, "PATCH", _PATH, {"why": why, "set": values}, based_on=version)
    _show(output, answer, version)


def _show(output: Output, answer: dict[str, Any], before: int) -> None:
    after = answer["after"]["options_version"]
    row = {"version_before": before, "version": after, "by": answer["by"]}
    lines = [f"before: version {before}", f"after:  version {after}, by {answer['by']}"]
    listing = Listing(answer, columns(dict.fromkeys(row, "")), [list(row.values())], after=lines, table=False)
    show(lambda: listing, output)


def _values(settings: Sequence[str]) -> dict[str, Any]:
    """Keys with their values, read as YAML whose scalars stay text; ends the command when they cannot be used."""
    found: dict[str, Any] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or not key.strip():
            raise fail(f"found {setting[:60]!r}, allowed is KEY=VALUE, such as log.verbose=standard", ExitCode.USAGE)
        if key in found:
            raise fail(f"{key} is given twice", ExitCode.USAGE)
        try:
            found[key] = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - it makes texts, lists and mappings only
        except yaml.YAMLError:
            raise fail(f"{key}: found {text[:60]!r}, allowed is a value as in YAML", ExitCode.USAGE) from None
    return found
