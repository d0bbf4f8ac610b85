"""A file that a node may read at any moment is replaced in one step, or stays as it was."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from pacing_node.runtime.replaced_file import replace_file


def test_whoever_has_it_open_reads_the_whole_file_of_before(tmp_path: Path) -> None:
    file = tmp_path / "objects.yaml"
    file.write_text("before")
    file.chmod(0o640)
    with file.open() as reader:
        replace_file(file, "after", 0o600)
        assert reader.read() == "before"

    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == ("after", 0o640)
    assert [each.name for each in tmp_path.iterdir()] == ["objects.yaml"]


def test_what_cannot_be_replaced_stays_and_is_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"missing/objects\.yaml") as caught:
        replace_file(tmp_path / "missing" / "objects.yaml", "text", 0o600)
    assert caught.value.filename == str(tmp_path / "missing" / "objects.yaml")


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "file")
    replace_file(tmp_path / "link", "text", 0o600)
    assert (tmp_path / "file").read_text() == "text"
    assert (tmp_path / "link").is_symlink()


def test_a_pipe_gets_the_text_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    replace_file(pipe, "text", 0o600)
    reader.join()
    assert read == ["text"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
