"""`pacing node` as seen from its supervisor: starts the node itself, which reads and refuses options.

Loaded by a process that lives as long as the node and does next to nothing: it loads no more than that needs.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from cluster.descriptors import raise_limit
from cluster.process.signals import ignore_until_handled
from cluster.process.supervisor import run as supervise
from pacing_node.runtime.core_dumps import forbid_core_dumps

if TYPE_CHECKING:
    from collections.abc import Sequence

FAILED = 1
"""Exit status when the node could not be started."""


def run(words: Sequence[str]) -> int:
    """Run the node with the words of its command line below this process; returns its exit status."""
    ignore_until_handled()
    forbid_core_dumps()
    raise_limit()
    try:
        return supervise(_command(words), _write_log_as)
    except OSError as error:
        sys.stderr.write(f"pacing node: {error}\n")
        return FAILED


def _command(words: Sequence[str]) -> list[str]:
    """The command line of the node itself, with the interpreter that runs this."""
    return [sys.executable, "-m", "pacing_node.cli.main", "node", *words, "--no-supervise"]


def _write_log_as(note: str | None) -> None:
    """Write the log in the form of the node's own, which it has noted."""
    from pacing_node.logs import configure_logs  # noqa: PLC0415 - see above

    given = json.loads(note or "{}")
    configure_logs(given.get("level", "info"), given.get("format", "json"), given.get("node", ""))
