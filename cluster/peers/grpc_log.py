"""What gRPC logs by itself: a traceback for each call whose connection breaks, which any caller can bring about."""

from __future__ import annotations

import logging
import time

from cluster.access.refusal_budget import RefusalBudget

_LOGGER = "grpc._cython.cygrpc"


class _OneLineNowAndThen(logging.Filter):
    """Lets a line of each kind through now and then, without its traceback."""

    def __init__(self) -> None:
        super().__init__()
        self._budget = RefusalBudget()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is logged."""
        vars(record).update(exc_info=None, exc_text=None)
        return self._budget.take(str(record.msg), time.monotonic())


def bound_grpc_log() -> None:
    """Keep gRPC's own log short from now on; once is enough, and again does no harm."""
    logger = logging.getLogger(_LOGGER)
    if not any(isinstance(each, _OneLineNowAndThen) for each in logger.filters):
        logger.addFilter(_OneLineNowAndThen())
