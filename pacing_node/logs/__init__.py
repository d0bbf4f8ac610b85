"""The log of a node: one event per line, as JSON for programs or as text for people.

A node begins with its own options and changes to the section ``log`` of the cluster's when that is known. What that
needs is loaded then: a supervisor, which has a log of this form too, never does it.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

import structlog

from pacing_node.logs.kind_limit import KindLimit
from pacing_node.logs.stream_output import StreamOutput
from terminal.characters import visible

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from pacing_node.logs.outputs import Outputs
    from pacing_node.options.log_options import LogOptions

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
CHATTY = ("httpx", "httpcore", "kazoo", "uvicorn")
"""Libraries that log every step, some with what they send: never below WARNING."""
MOST_TEXT, MOST_TRACEBACK = 4_000, 16_000
"""Most characters of one value of an event."""
_SILENT = logging.CRITICAL + 1


class _Logs:
    """What is in force in this process."""

    def __init__(self, formatter: logging.Formatter, level: int) -> None:
        self._formatter = formatter
        self._level = level
        self._kinds = KindLimit()
        self._outputs: Outputs | None = None

    def use_own(self) -> None:
        """Everything from the node's own level up goes to stdout."""
        handler = StreamOutput(sys.stdout)
        handler.setFormatter(self._formatter)
        self._replace([handler], self._level, None)

    def use(self, options: LogOptions, network: Callable[[], logging.Handler | None]) -> None:
        """Go by the cluster's options."""
        from pacing_node.logs.levels import SuiteLevel, level_filters  # noqa: PLC0415 - as the module says
        from pacing_node.logs.outputs import Outputs  # noqa: PLC0415 - as the module says

        taken = level_filters(options).values()
        most = max((admission.most or SuiteLevel.ALARM for admission in taken), default=None)
        level = _SILENT if most is None else logging.DEBUG if most > SuiteLevel.STANDARD else logging.INFO
        outputs = Outputs(options, self._formatter, network)
        self._replace(outputs.handlers, level, outputs)

    def _replace(self, handlers: list[logging.Handler], level: int, outputs: Outputs | None) -> None:
        before, self._outputs = self._outputs, outputs
        for handler in handlers:
            handler.filters.insert(0, self._kinds)
        root = logging.getLogger()
        root.handlers = handlers
        root.setLevel(level)
        for chatty in CHATTY:
            logging.getLogger(chatty).setLevel(max(level, logging.WARNING))
        if before is not None:
            before.close()


_in_force: list[_Logs] = []
"""At most one: the log belongs to the process, as the standard module's loggers do."""


def configure_logs(level: str, form: str, node: str) -> None:
    """Send every event from ``level`` up to stdout in the form ``json`` or ``text``, each with the node's name.

    What libraries log through the standard module goes the same way.
    """
    processors: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    # Tracebacks without the values of variables, which may be secrets.
    text = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    render: list[structlog.typing.Processor] = [text, _without_control_characters]
    if form == "json":
        render = [structlog.processors.JSONRenderer()]
        processors.append(structlog.processors.format_exc_info)
    processors.append(_shortened)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=processors,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
    )
    # The level may change while the process runs; loggers are made once and ask for it at every event.
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *processors,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(node=node)
    _in_force[:] = [_Logs(formatter, LEVELS[level])]
    _in_force[0].use_own()


def _shortened(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Texts without an end do not fill the disk; tracebacks have more room."""
    for key, value in event.items():
        most = MOST_TRACEBACK if key == "exception" else MOST_TEXT
        if isinstance(value, str) and len(value) > most:
            event[key] = f"{value[:most]}… ({len(value)} characters)"
    return event


def _without_control_characters(_logger: object, _method: str, line: object) -> str:
    """The text of a log is read on terminals: nothing in it may be an order to one."""
    return visible(line)


def use_log_options(options: LogOptions | None, network: Callable[[], logging.Handler | None]) -> None:
    """Put other options in force, None for the node's own; ``network`` makes the handler of Message Server, if any.

    Does nothing in a process whose log was not configured by :func:`configure_logs`.
    """
    for logs in _in_force:
        if options is None:
            logs.use_own()
        else:
            logs.use(options, network)
