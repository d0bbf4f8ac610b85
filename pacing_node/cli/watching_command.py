"""Commands whose ``--watch`` may stand without a number, which typer's options cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typer.core import TyperCommand

from pacing_node.cli.output import WATCH_SECONDS

if TYPE_CHECKING:
    from typer import Context

_NAMES = frozenset({"--watch", "-w"})


class WatchingCommand(TyperCommand):
    """Reads ``--watch`` without a number as one with the usual seconds."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:  # type: ignore[override]  # its own context
        """Parse what was given."""
        complete = []
        for place, word in enumerate(args):
            complete.append(word)
            if word in _NAMES and not _is_number(args[place + 1 : place + 2]):
                complete.append(f"{WATCH_SECONDS:g}")
        return super().parse_args(ctx, complete)


def _is_number(words: list[str]) -> bool:
    return bool(words) and words[0].replace(".", "", 1).isdigit()
