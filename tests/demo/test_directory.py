"""The working directory: made anew, held by one demonstration, removed at its end."""

from __future__ import annotations

import pytest

from simulator.harness.directory import working_directory
from simulator.harness.harness_error import HarnessError


def test_it_is_there_during_the_demonstration_and_gone_afterwards(tmp_path):
    with working_directory(tmp_path / "demo") as place:
        (place / "node-1").mkdir()
        (place / "node-1" / "log").write_text("x")
    assert not (tmp_path / "demo").exists()


def test_it_goes_when_the_demonstration_fails(tmp_path):
    with pytest.raises(RuntimeError), working_directory(tmp_path / "demo"):
        raise RuntimeError
    assert not (tmp_path / "demo").exists()


def test_it_stays_when_asked_to_and_the_next_demonstration_makes_it_anew(tmp_path):
    with working_directory(tmp_path / "demo", keep=True) as place:
        (place / "node-1").mkdir()
        (place / "cluster.yaml").write_text("old")
        (place / "link").symlink_to(tmp_path)
    assert (tmp_path / "demo" / "cluster.yaml").exists()
    with working_directory(tmp_path / "demo") as place:
        assert [entry.name for entry in place.iterdir()] == ["lock"]
    assert tmp_path.exists()


def test_what_an_interrupted_run_left_is_no_obstacle(tmp_path):
    (tmp_path / "demo" / "zookeeper-1").mkdir(parents=True)
    (tmp_path / "demo" / "lock").write_text("999999\n")
    with working_directory(tmp_path / "demo") as place:
        assert not (place / "zookeeper-1").exists()


def test_a_run_interrupted_before_its_first_file_is_no_obstacle(tmp_path):
    (tmp_path / "demo").mkdir()
    with working_directory(tmp_path / "demo"):
        pass
    assert not (tmp_path / "demo").exists()


def test_a_second_demonstration_at_the_same_time_is_refused_and_harms_nothing(tmp_path):
    with working_directory(tmp_path / "demo") as place:
        (place / "cluster.yaml").write_text("mine")
        with pytest.raises(HarnessError, match=r"already running .* process \d+"), working_directory(tmp_path / "demo"):
            pass
        assert (place / "cluster.yaml").read_text() == "mine"


@pytest.mark.parametrize(
    "make", [lambda path: path.write_text("x"), lambda path: (path / "precious").mkdir(parents=True)]
)
def test_what_no_demonstration_made_is_left_alone(make, tmp_path):
    make(tmp_path / "demo")
    with pytest.raises(HarnessError, match="not made by a demonstration"), working_directory(tmp_path / "demo"):
        pass
    assert (tmp_path / "demo").exists()
