"""The collector of cyclic garbage, kept away from modules and from what a large configuration holds for good.

A full collection walks over every object there is and stops the whole process meanwhile: with 10,000 targets more than
a second in the middle of a reading, as objects pile up, and a tenth of one at any moment later. Neither finds anything,
for what describes a contact centre has no cycles and is freed by its reference counts. Loading modules makes objects
that stay, too.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGE_TARGETS = 1000
"""Configurations with fewer targets are no burden."""


@contextmanager
def uncollected() -> Iterator[None]:
    """While many objects are made that stay; collections go on afterwards. Also a decorator."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def freeze_all() -> None:
    """Take what exists now out of all later collections: the modules of a process that lasts."""
    gc.freeze()


def freeze(targets: int) -> None:
    """Take what exists now out of all later collections, when it is much: a configuration of so many targets."""
    if targets >= LARGE_TARGETS:
        gc.freeze()
