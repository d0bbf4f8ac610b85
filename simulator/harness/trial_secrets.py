"""Make the secret of a trial cluster's members where there is none.

`python -m simulator.harness.trial_secrets FOLDER`: what docker-compose.yml runs before the nodes.
"""

from __future__ import annotations

import sys
from pathlib import Path

from simulator.harness.node_files import write_secret
from terminal.printing import say

NAME = "cluster_secret"


def main(arguments: list[str]) -> int:
    """Run the command; returns its exit status. What is there is left as it is, also when a project starts again."""
    file = Path(arguments[0]) / NAME
    if file.exists():
        say(f"{file} is there already")
        return 0
    say(f"{write_secret(file)} is made")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
