"""A traceback in the log shows where, and never what stood in variables: they may be secrets."""

from __future__ import annotations

import pytest
import structlog

from pacing_node.logs import configure_logs

pytestmark = pytest.mark.usefixtures("own_log")


def fails_with(password: str) -> None:
    headers = {"Authorization": f"Bearer {password}"}
    raise ValueError(f"{len(headers)} header was refused")


@pytest.mark.parametrize("form", ["json", "text"])
def test_values_of_variables_do_not_show(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", form, "node-1")
    secret = "-".join(["only", "known", "at", "run", "time"])
    try:
        fails_with(secret)
    except ValueError:
        structlog.get_logger("pacing_node.test").exception("something.failed")

    told = capsys.readouterr().out
    assert "something.failed" in told
    assert "1 header was refused" in told
    assert "in fails_with" in told
    assert secret not in told
