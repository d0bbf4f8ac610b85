"""Show something again and again: in place on a terminal, one after the other anywhere else."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING

from terminal.characters import visible
from terminal.printing import say
from terminal.standard_streams import end_with_reader

if TYPE_CHECKING:
    from collections.abc import Callable


def watch(text: Callable[[], str], seconds: float) -> None:
    """Show what ``text`` returns every so many seconds, until Ctrl-C or until the output takes no more.

    On a terminal it is drawn over the previous one, on a screen of its own that goes away at the end; lines below the
    last one of the terminal are cut off.
    """
    end_with_reader()
    with contextlib.suppress(KeyboardInterrupt):
        if sys.stdout.isatty():
            _in_place(text, seconds)
            return
        while True:
            say(text(), end="")
            time.sleep(seconds)


def _in_place(text: Callable[[], str], seconds: float) -> None:
    """Rich's live display: it restores the screen and the cursor however this ends."""
    # Loaded here: a command that prints once needs nothing of it.
    from rich.console import Console  # noqa: PLC0415
    from rich.live import Live  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    with Live(console=Console(), screen=True, auto_refresh=False) as live:
        while True:
            live.update(Text(visible(text()), no_wrap=True, overflow="crop"), refresh=True)
            time.sleep(seconds)
