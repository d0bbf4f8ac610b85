"""Log files in segments by size or age, and which of the old ones go."""

from __future__ import annotations

import logging
import os
import re
import time
from pathlib import Path

import pytest

from pacing_node.logs.segments import SegmentedFile, SegmentRule, segment_rule


def record(text: str) -> logging.LogRecord:
    return logging.LogRecord("x", logging.INFO, "", 0, text, None, None)


def written(folder: Path) -> list[list[str]]:
    """Lines of every segment, oldest first."""
    return [file.read_text().splitlines() for file in sorted(folder.iterdir())]


@pytest.mark.parametrize(
    ("segment", "expire", "expected"),
    [
        ("false", "false", SegmentRule()),
        ("1000", "10", SegmentRule(bytes=1_024_000, keep_files=10)),
        ("1000 KB", "10 file", SegmentRule(bytes=1_024_000, keep_files=10)),
        ("2MB", "7 day", SegmentRule(bytes=2_097_152, keep_seconds=604_800.0)),
        ("24 hr", "false", SegmentRule(seconds=86_400.0)),
        ("0", "0", SegmentRule()),
    ],
)
def test_the_options_are_read_as_the_suite_does(segment: str, expire: str, expected: SegmentRule) -> None:
    assert segment_rule(segment, expire) == expected


def test_a_segment_ends_before_the_record_that_would_overfill_it(tmp_path: Path) -> None:
    file = SegmentedFile(tmp_path / "logs" / "pacing.log", SegmentRule(bytes=20))
    for number in range(5):
        file.emit(record(f"line {number}"))
    file.emit(record("x" * 50))
    file.emit(record("last"))
    file.close()

    assert written(tmp_path / "logs") == [["line 0", "line 1"], ["line 2", "line 3"], ["line 4"], ["x" * 50], ["last"]]
    names = [path.name for path in (tmp_path / "logs").iterdir()]
    assert all(re.fullmatch(r"pacing\.\d{8}_\d{6}_\d{3}\.log", name) for name in names)


def test_without_rules_there_is_one_segment(tmp_path: Path) -> None:
    file = SegmentedFile(tmp_path / "pacing", SegmentRule())
    for number in range(1000):
        file.emit(record(f"line {number}"))
    file.close()

    assert [len(lines) for lines in written(tmp_path)] == [1000]


def test_a_segment_ends_when_it_is_old_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_700_000_000.0]
    monkeypatch.setattr(time, "time", lambda: now[0])
    file = SegmentedFile(tmp_path / "pacing", SegmentRule(seconds=3600.0))
    for text, later in (("a", 0.0), ("b", 3599.0), ("c", 3600.0)):
        now[0] = 1_700_000_000.0 + later
        file.emit(record(text))
    file.close()

    assert written(tmp_path) == [["a", "b"], ["c"]]


def test_only_the_newest_segments_are_kept_and_other_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "other.log").write_text("keep")
    (tmp_path / "pacing.log").write_text("keep")
    file = SegmentedFile(tmp_path / "pacing.log", SegmentRule(bytes=1, keep_files=3))
    for number in range(8):
        file.emit(record(f"line {number}"))
    file.close()

    segments = sorted(tmp_path.glob("pacing.2*"))
    assert [path.read_text() for path in segments] == ["line 5\n", "line 6\n", "line 7\n"]
    assert (tmp_path / "other.log").exists()
    assert (tmp_path / "pacing.log").exists()


def test_segments_older_than_their_age_are_deleted(tmp_path: Path) -> None:
    old, young = tmp_path / "pacing.20200101_000000_000.log", tmp_path / "pacing.20210101_000000_000.log"
    for path in (old, young):
        path.write_text("x")
    os.utime(old, (time.time() - 8 * 86_400,) * 2)
    file = SegmentedFile(tmp_path / "pacing", SegmentRule(keep_seconds=7 * 86_400.0))
    file.emit(record("now"))
    file.close()

    assert not old.exists()
    assert young.exists()


def test_a_folder_that_cannot_be_written_costs_records_and_is_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder should be")
    file = SegmentedFile(blocked / "pacing", SegmentRule())
    for number in range(3):
        file.emit(record(f"lost {number}"))
    blocked.unlink()
    file.emit(record("kept"))
    file.close()

    assert capsys.readouterr().err.count("pacing: log file") == 1
    assert written(blocked) == [["kept"]]


def test_a_segment_that_is_moved_or_deleted_is_followed_by_a_new_one(tmp_path: Path) -> None:
    (folder := tmp_path / "logs").mkdir()
    file = SegmentedFile(folder / "pacing", SegmentRule())
    file.emit(record("moved"))
    (moved,) = folder.iterdir()
    moved.rename(tmp_path / "archive.log")
    file.emit(record("deleted"))
    for each in folder.iterdir():
        each.unlink()
    file.emit(record("replaced"))
    (replaced,) = folder.iterdir()
    replaced.unlink()
    replaced.write_text("of somebody else\n")
    file.emit(record("kept"))
    file.close()

    assert (tmp_path / "archive.log").read_text() == "moved\n"
    assert written(folder) == [["of somebody else"], ["kept"]]
