"""Tables of the columns the commands show, made from the commands themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pacing_node.cli import cluster, config, config_history, doctor, events, targets
from pacing_node.reference.markdown import table

if TYPE_CHECKING:
    from collections.abc import Mapping

COLUMNS: dict[str, Mapping[str, str]] = {
    "columns-list": cluster.COLUMNS,
    "columns-history": cluster.HISTORY_COLUMNS,
    "columns-targets": targets.COLUMNS,
    "columns-events": events.COLUMNS,
    "columns-check": config.COLUMNS,
    "columns-versions": config_history.COLUMNS,
    "columns-doctor": doctor.COLUMNS,
}
"""Every table: what its columns mean."""


def tables() -> dict[str, str]:
    """Every generated table by name, in Markdown."""
    return {
        name: table(("Column", "Meaning"), [(column, meaning) for column, meaning in columns.items()])
        for name, columns in COLUMNS.items()
    }
