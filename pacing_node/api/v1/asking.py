"""How many questions that take a calculation a caller may have open: others are not kept waiting behind them."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pacing_node.api.caller_source import caller_of
from pacing_node.api.v1.problem_details import ProblemError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import Scope

MOST_EACH = 8
"""Questions of one caller at once; an IPv6 network of 64 bits is one caller."""


class Asking:
    """Counts open questions."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    @contextmanager
    def one_more(self, scope: Scope) -> Iterator[None]:
        """While a question is open. Raises ProblemError 429 for a caller that has too many."""
        caller = caller_of(scope)
        if self._open[caller] >= MOST_EACH:
            raise ProblemError(429, f"{MOST_EACH} questions of this address wait already", {"Retry-After": "1"})
        self._open[caller] += 1
        try:
            yield
        finally:
            self._open[caller] -= 1
            if not self._open[caller]:
                del self._open[caller]
