"""What a worker tells its supervisor."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from cluster.election.events import Claim
from cluster.process.worker_pipe import VARIABLE, Reporter, decode_claim

if TYPE_CHECKING:
    from pathlib import Path

HOLD = Claim(epoch=3, epoch_version=5, session_id=0x100002798DD0001, zxid=4294967305)


def test_a_hold_goes_through_the_pipe() -> None:
    reading, writing = os.pipe()
    reporter = Reporter.from_environment({VARIABLE: str(writing)})
    assert reporter is not None
    reporter.holds(HOLD)
    assert decode_claim(os.read(reading, 1000)) == HOLD
    os.close(reading)
    reporter.holds(HOLD)  # nobody listens any more: no harm
    os.close(writing)


@pytest.mark.parametrize("value", ["", "none", "999"])
def test_without_a_supervisor_nothing_is_reported(value: str) -> None:
    assert Reporter.from_environment({VARIABLE: value}) is None


def test_a_descriptor_that_is_no_pipe_is_left_alone(tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file:
        assert Reporter.from_environment({VARIABLE: str(file.fileno())}) is None
