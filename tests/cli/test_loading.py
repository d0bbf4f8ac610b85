"""What commands load before they do anything: a command that only reads pays for nothing else."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
from types import SimpleNamespace

import pytest

from pacing_node.cli import app, main, node
from pacing_node.options.node_options import NodeOptions

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


def test_no_garbage_is_looked_for_while_a_command_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []

    def build(_: str | None) -> object:
        seen.append(gc.isenabled())
        return lambda prog_name: seen.append((prog_name, gc.isenabled()))

    monkeypatch.setattr(app, "build_app", build)
    monkeypatch.setattr(main, "prepare", lambda: None)
    monkeypatch.setattr(sys, "argv", ["pacing", "list"])
    main.main()
    assert seen == [False, ("pacing", True)]


def test_a_nodes_modules_are_loaded_without_collections_and_stay_out_of_later_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[object] = []

    class Module(SimpleNamespace):
        def __getattr__(self, name: str) -> object:
            if name != "run_node":
                raise AttributeError(name)
            seen.append(gc.isenabled())
            return lambda *_: None

    monkeypatch.setitem(sys.modules, "pacing_node.node_process", Module())
    monkeypatch.setattr(node, "freeze_all", lambda: seen.append(("frozen", gc.isenabled())))
    monkeypatch.setattr(asyncio, "run", lambda _: gc.isenabled())
    assert node._run(NodeOptions(zookeeper=None), None)
    assert seen == [False, ("frozen", False)]
