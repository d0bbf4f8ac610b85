"""A kind of clusters that can be drilled, whose parts run elsewhere: in containers, in pods.

A target brings its table of drills and a way to open its cluster; everything else is shared (`simulator.drill.harm`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic

from simulator.drill.field import C

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    from simulator.drill.harm import Drill


@dataclass(frozen=True, slots=True)
class Target(Generic[C]):
    """Its drills by name, and how its cluster is reached."""

    drills: Mapping[str, Drill[C]]
    open: Callable[[str], AbstractAsyncContextManager[C]]
    """Opens the running cluster of a name: a compose project, a release. Raises HarnessError."""
