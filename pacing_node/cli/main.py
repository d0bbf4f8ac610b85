"""The `pacing` command: gathers its groups of commands through entry points and runs the one asked for."""

from __future__ import annotations

from importlib.metadata import entry_points, version

import typer

GROUP = "pacing.commands"
"""Entry points of this group name a function ``register(app: typer.Typer) -> None``."""

OWN_PACKAGES = frozenset({"simulator"})
"""Packages an installation may leave out; their commands are then not offered."""


def build_app() -> typer.Typer:
    """Build the command with every group that is installed."""
    app = typer.Typer(
        name="pacing",
        help="Agent pacing: how many visitors a website may invite to a chat or a call.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    for entry_point in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        try:
            register = entry_point.load()
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] in OWN_PACKAGES:
                continue
            raise
        register(app)
    return app


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"agent-pacing {version('agent-pacing')}")
        raise typer.Exit


def _root(
    show_version: bool = typer.Option(
        False, "--version", help="Show the version and end.", callback=_show_version, is_eager=True
    ),
) -> None:
    """Agent pacing: how many visitors a website may invite to a chat or a call."""
    del show_version


def main() -> None:
    """Run the command."""
    build_app()()


if __name__ == "__main__":
    main()
