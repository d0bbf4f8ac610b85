"""The moment of `--at`: a time of day in UTC, or a date and time, within a day."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from typer import BadParameter

from pacing_node.cli.appointed_time import parse_moment

NOW = datetime(2026, 12, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("12:30", datetime(2026, 12, 1, 12, 30, tzinfo=UTC)),
        ("3:30:15", datetime(2026, 12, 2, 3, 30, 15, tzinfo=UTC)),
        ("12:00", datetime(2026, 12, 2, 12, 0, tzinfo=UTC)),
        ("2026-12-01T15:00", datetime(2026, 12, 1, 15, 0, tzinfo=UTC)),
        ("2026-12-01T15:00+02:00", datetime(2026, 12, 1, 13, 0, tzinfo=UTC)),
    ],
)
def test_the_next_such_moment_is_meant(text: str, moment: datetime) -> None:
    assert parse_moment(text, NOW) == moment


@pytest.mark.parametrize(
    "text", ["", "soon", "25:00", "2026-12-03T00:00", "2026-12-01T11:00", "12", "0001-01-01T00:00+01:00"]
)
def test_what_is_no_moment_of_the_next_day_is_refused(text: str) -> None:
    with pytest.raises(BadParameter, match="within 24 h"):
        parse_moment(text, NOW)
