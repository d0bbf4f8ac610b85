"""What is wrong with a configuration, said once for everything that was found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that cannot be accepted. Its text never contains the value of a secret."""

    source: str
    """File, ``environment`` or another place the value came from."""
    key: str
    """Path of the key, for example ``pacing.refreshPeriod``; empty for the document as a whole."""
    found: str
    """What was found there, for example ``0`` or ``unknown key``."""
    allowed: str
    """What is allowed there, for example ``a number from 1 to 3600``."""
    line: int | None = None
    """Line in the file, from 1."""
    column: int | None = None
    """Column in the file, from 1."""

    def __str__(self) -> str:
        """Render as ``file:line:column: key: found …; allowed: …``."""
        place = self.source
        if self.line is not None:
            place += f":{self.line}" + (f":{self.column}" if self.column is not None else "")
        subject = f"{place}: {self.key}" if self.key else place
        return f"{subject}: found {self.found}; allowed: {self.allowed}"


class ConfigurationError(Exception):
    """A configuration was refused; carries every problem that was found, in the order of the document."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(problems)
        self.problems = problems

    def __str__(self) -> str:
        """Render one problem per line."""
        return "\n".join(str(problem) for problem in self.problems)
