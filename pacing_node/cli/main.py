"""The `pacing` command: runs the one asked for.

Loads nothing before it knows which: the supervisor of a node, which lives as long as the node, needs next to nothing.
"""

from __future__ import annotations

import os
import sys

from pacing_node.cli.completion_request import COMPLETES
from terminal.standard_streams import answered, prepare

_UNSUPERVISED = frozenset({"--no-supervise", "--check", "--help", "-h"})


def main() -> None:
    """Run the command."""
    prepare()
    words = sys.argv[1:]
    with answered("pacing"):
        if words[:1] == ["node"] and not _UNSUPERVISED & set(words):
            from pacing_node.cli.supervised_node import run  # noqa: PLC0415 - see above

            raise SystemExit(run(words[1:]))
        if COMPLETES in os.environ:
            from pacing_node.cli.completion import answer_shell  # noqa: PLC0415 - see above

            answer_shell()
        from pacing_node.runtime.gc_freeze import uncollected  # noqa: PLC0415 - see above

        with uncollected():
            from pacing_node.cli.app import build_app  # noqa: PLC0415 - see above

            app = build_app(words[0] if words else None)
        app(prog_name="pacing")


if __name__ == "__main__":
    main()
