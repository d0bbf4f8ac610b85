"""Examples at the end of a command's ``--help``."""

from __future__ import annotations


def examples(*commands: str) -> str:
    """The lines below ``Examples:``, each on a line of its own however the help is drawn."""
    return "\n\n".join(("Examples:", *commands))
