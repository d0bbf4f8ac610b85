"""A long piece of work says on a terminal what it is doing; what is said meanwhile takes the line's place."""

from __future__ import annotations

import io

import pytest

from terminal.printing import complain
from terminal.progress import Doing, shown_while
from tests.support.waiting import until


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "shown"),
    [
        (Screen(), "\r\x1b[Kan attack, 0 s\r\x1b[Kheld\n\r\x1b[K"),
        (io.StringIO(), "held\n"),
    ],
    ids=["terminal", "file"],
)
async def test_a_line_counts_the_seconds_of_the_work(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, shown: str
) -> None:
    monkeypatch.setattr("sys.stderr", stream)
    async with shown_while("an attack"):
        await until_written(stream)
        complain("held")
    assert stream.getvalue() == shown


async def test_the_line_follows_the_part_of_the_work_that_has_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Screen()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr("terminal.progress.TICK_SECONDS", 0.01)
    doing = Doing("the start")
    async with shown_while(doing):
        await until(lambda: "the start, 0 s" in stream.getvalue())
        doing.begin("round 1 of 3")
        await until(lambda: "round 1 of 3, 0 s" in stream.getvalue())


async def until_written(stream: io.StringIO) -> None:
    if stream.isatty():
        await until(lambda: bool(stream.getvalue()))
