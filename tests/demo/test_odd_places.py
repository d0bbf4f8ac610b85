"""The demonstration runs in directories with any name, and says in one line where it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.demo.demo_report import check_report_place
from simulator.harness.directory import working_directory
from simulator.harness.harness_error import HarnessError
from simulator.harness.zookeeper import Ensemble, find_zookeeper, properties_text


def java_reads(text: str) -> str:
    """A value as Java's Properties.load understands it."""
    units, at = [], 0
    while at < len(text):
        if text.startswith("\\u", at):
            units.append(int(text[at + 2 : at + 6], 16))
            at += 6
        else:
            units.append(ord(text[at]))
            at += 1
    return b"".join(unit.to_bytes(2) for unit in units).decode("utf-16-be", "surrogatepass")


@given(st.text())
def test_a_value_of_a_properties_file_is_ascii_and_means_the_same(text: str) -> None:
    written = properties_text(text)

    assert all(" " <= each <= "~" for each in written)
    assert java_reads(written) == text


@pytest.mark.ensemble
def test_an_ensemble_starts_in_a_directory_with_umlauts(tmp_path: Path) -> None:
    source = find_zookeeper()
    if source.classpath is None:
        pytest.skip(f"the ZooKeeper that is used here is no process of its own: {source.description}")
    with Ensemble(tmp_path / "Büro \\ 客服 😀", members=1, source=source) as one:
        assert one.leader() is not None


def test_a_place_that_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file" / "x", Path("/proc/x")):
        with (
            pytest.raises(HarnessError, match=r"cannot write in .*; name another place with --directory"),
            working_directory(place),
        ):
            pass
        with pytest.raises(HarnessError, match="cannot write the report"):
            check_report_place(place / "report.json")
