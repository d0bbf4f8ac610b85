"""What commands load before they do anything: a command that only reads pays for nothing else."""

from __future__ import annotations

import subprocess
import sys

import pytest

_TELL = "import sys; import {}; print(*sys.modules)"


@pytest.mark.parametrize(
    ("modules", "unused"),
    [
        ("pacing_node.cli.main, pacing_node.cli.cluster", {"grpc", "kazoo", "numpy", "structlog", "uvicorn"}),
        (
            "pacing_node.cli.main, pacing_node.cli.supervised_node",
            {"grpc", "httpx", "kazoo", "numpy", "pydantic", "structlog", "typer", "uvicorn", "yaml"},
        ),
    ],
    ids=["list", "supervisor"],
)
def test_nothing_is_loaded_that_is_not_used(modules: str, unused: set[str]) -> None:
    said = subprocess.run([sys.executable, "-c", _TELL.format(modules)], capture_output=True, check=True, text=True)
    loaded = {name.partition(".")[0] for name in said.stdout.split()}

    assert loaded & unused == set()
