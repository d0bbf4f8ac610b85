"""The log belongs to the process; a test that changes it puts it back."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog

from pacing_node import logs


@pytest.fixture
def own_log() -> Iterator[None]:
    """Let the test configure the log, and restore everything afterwards."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    chatty = {name: logging.getLogger(name).level for name in logs.CHATTY}
    configuration = structlog.get_config()
    yield
    logs.use_log_options(None, lambda: None)
    logs._in_force.clear()
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in chatty.items():
        logging.getLogger(name).setLevel(before)
    structlog.contextvars.clear_contextvars()
    structlog.configure(**configuration)
