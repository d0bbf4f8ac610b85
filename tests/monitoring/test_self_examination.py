"""A node examines itself with the command; what cannot be carried out leaves what was known, and says why."""

from __future__ import annotations

import json
import sys

import pytest

from pacing_node.assembly import self_examination
from pacing_node.assembly.self_examination import SelfExamination, doctor_command
from pacing_node.monitoring.examination import Examination

FOUND = [{"severity": "ok", "check": "port.default", "found": "free", "allowed": "", "remedy": ""}]


def printing(text: str) -> list[str]:
    return [sys.executable, "-c", f"print({text!r})"]


async def examine(book: Examination, command: list[str]) -> Examination:
    await SelfExamination(book, command, 300.0).examine()
    return book


async def test_what_was_found_is_kept_and_a_failure_leaves_it(monkeypatch: pytest.MonkeyPatch) -> None:
    book = await examine(Examination(), printing(json.dumps(FOUND)))
    assert [(each.check, each.severity) for each in book.checks] == [("port.default", "ok")]
    examined_at = book.examined_at
    for command, reason in (
        (printing("no JSON"), "JSONDecodeError"),
        (printing('{"a": 1}'), "a list of findings"),
        (["/nonexistent/command"], "FileNotFoundError"),
        ([sys.executable, "-c", "import sys; sys.stdout.write('x' * 3_000_000)"], "more than 1048576 bytes"),
    ):
        await examine(book, command)
        assert reason in book.failure
        assert (book.examined_at, len(book.checks)) == (examined_at, 1)
    monkeypatch.setattr(self_examination, "LONGEST_SECONDS", 0.2)
    await examine(book, [sys.executable, "-c", "import time; time.sleep(60)"])
    assert book.failure == "no result within 0.2 s"


def test_the_command_is_the_doctor_of_this_installation_with_the_same_options() -> None:
    command = doctor_command(None)
    assert command[-4:] == ["pacing_node.cli.main", "doctor", "--output", "json"]
