"""Say which ZooKeeper would be used: ``python -m simulator.harness.pick``, for the set-up script.

Exit status 0 when one is at hand, 3 when it would run in a container, 1 when there is none; one line for people.
"""

from __future__ import annotations

import logging
import sys

import structlog

from simulator.harness.zookeeper import ZooKeeperNotFoundError, find_zookeeper

FOUND = 0
NOT_FOUND = 1
CONTAINER = 3


def only_warnings() -> None:
    """Keep logs below warnings away from people who look at what a command prints."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        # Whatever stderr is when something is logged: a program that runs this may put another one in its place.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


def main() -> int:
    """Print the pick; the exit status."""
    only_warnings()
    try:
        source = find_zookeeper()
    except ZooKeeperNotFoundError as error:
        sys.stdout.write(f"{error}\n")
        return NOT_FOUND
    sys.stdout.write(f"{source.description}\n")
    return CONTAINER if source.image is not None else FOUND


if __name__ == "__main__":
    sys.exit(main())
