"""What a mutant is: one safeguard taken out by an edit, and the test that must notice."""

from __future__ import annotations

from dataclasses import dataclass

LEADERSHIP = "tests/leadership"


@dataclass(frozen=True)
class Mutant:
    """One safeguard, taken out."""

    name: str
    safeguard: str
    file: str
    edits: tuple[tuple[str, str], ...]
    """Text that is there exactly once, and what replaces it."""
    test: str
    """The test that must fail."""
