"""`pacing doctor` on errors that pass."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from pacing_node.cli import doctor
from pacing_node.doctor.diagnosis import Diagnosis, error, ok

REFUSED = [error("zookeeper.zk1", "connection refused", "a ZooKeeper that answers", "start it")]


@pytest.mark.parametrize(("patience", "status", "looks"), [("0", 1, 1), ("30", 0, 2)])
def test_an_error_that_passes_is_looked_at_again_as_long_as_patience_lasts(
    monkeypatch: pytest.MonkeyPatch, patience: str, status: int, looks: int
) -> None:
    found: list[list[Diagnosis]] = [REFUSED, [ok("zookeeper.zk1", "answers")]]
    seen: list[object] = []

    def diagnose(config: object) -> list[Diagnosis]:
        seen.append(config)
        return found[len(seen) - 1]

    monkeypatch.setattr(doctor, "_diagnose", diagnose)
    monkeypatch.setattr(doctor, "AGAIN_SECONDS", 0.0)
    app = typer.Typer()
    app.callback()(lambda: None)
    doctor.register(app)
    done = CliRunner().invoke(app, ["doctor", "--patience", patience])
    assert (done.exit_code, len(seen)) == (status, looks), done.output
