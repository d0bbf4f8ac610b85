"""A node's clocks, and how often steps of its election fail, from outside of its process."""

from __future__ import annotations

from pathlib import Path

from simulator.harness import inside_node
from simulator.harness.inside_node import FAILING, NUMBER, PLACES, SLEPT, VARIABLE, WALL

_ROOT = Path(__file__).parents[2]


class Instruments:
    """What one node sees through ``simulator.harness.inside_node``. What is set holds for its later processes too."""

    def __init__(self, directory: Path, name: str) -> None:
        """Files go to ``directory``, which exists."""
        self._file = directory / f"{name}.instruments"
        self._file.write_bytes(NUMBER.pack(0.0) * PLACES)
        self._loader = directory / "instruments"
        self._loader.mkdir(exist_ok=True)
        (self._loader / "sitecustomize.py").write_text(f"import {inside_node.__name__}\n")
        self._slept = 0.0

    @property
    def prefix(self) -> tuple[str, ...]:
        """What runs the command of a node so that it sees them; its children do as well."""
        return ("env", f"PYTHONPATH={self._loader}:{_ROOT}", f"{VARIABLE}={self._file}")

    def slept(self, seconds: float) -> None:
        """The machine has slept: the clock that stands still meanwhile falls back by so much against the others.

        To be said before the stopped processes go on.
        """
        self._slept += seconds
        self._set(SLEPT, self._slept)

    def wall_clock(self, offset_seconds: float) -> None:
        """The wall clock is off by so much from now on."""
        self._set(WALL, offset_seconds)

    def failing_steps(self, share: float) -> None:
        """So many of the steps of the election fail from now on, 0 to 1."""
        self._set(FAILING, share)

    def _set(self, place: int, value: float) -> None:
        with self._file.open("r+b") as file:
            file.seek(place * NUMBER.size)
            file.write(NUMBER.pack(value))
