"""A log for processes that seldom have anything to say: what writes it is loaded with the first event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class _Preparation:
    """What has to be done once before anything is logged."""

    def __init__(self) -> None:
        self._outstanding: Callable[[], None] | None = None

    def set(self, prepare: Callable[[], None]) -> None:
        """Have ``prepare`` called before the first event."""
        self._outstanding = prepare

    def make(self) -> None:
        """Do it, unless it was done."""
        prepare, self._outstanding = self._outstanding, None
        if prepare is not None:
            prepare()


PREPARATION = _Preparation()
"""That of this process: none, unless somebody sets it."""


class LateLog:
    """A logger that costs nothing until it is used."""

    def __init__(self, name: str) -> None:
        self._name = name

    def warning(self, event: str, **values: Any) -> None:
        """Log an event as a warning."""
        self._logger().warning(event, **values)

    def debug(self, event: str, **values: Any) -> None:
        """Log an event for whoever looks for a fault."""
        self._logger().debug(event, **values)

    def _logger(self) -> Any:
        import structlog  # noqa: PLC0415 - that is what this module is for

        PREPARATION.make()
        return structlog.get_logger(self._name)
