"""`pacing drill --target kubernetes` before it touches anything: what is offered, what is missing, what it is told."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from cluster.access.signed_calls import ClusterSecret
from simulator.drill import cli
from simulator.drill.kubernetes_drills import DRILLS
from simulator.harness.bounds import Bounds
from simulator.harness.harness_error import HarnessError
from simulator.harness.kubectl import Kubectl
from simulator.harness.kubernetes_cluster import KubernetesCluster, node_addresses

PODS = """
{"items": [{"metadata": {"name": "pacing-1"}, "status": {"podIP": "10.0.0.2"}},
           {"metadata": {"name": "pacing-2"}, "status": {}},
           {"metadata": {"name": "pacing-0"}, "status": {"podIP": "fd00::1"}}]}
"""


def kubectl(directory: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A kubectl that answers by a script."""
    program = directory / "kubectl"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}:/usr/bin:/bin")


def drill(*words: str) -> tuple[int, str]:
    app = typer.Typer()
    cli.register(app)
    done = CliRunner().invoke(app, [*words, "--target", "kubernetes"], env={"COLUMNS": "300"})
    return done.exit_code, done.output


def test_the_drills_of_pods_are_named() -> None:
    status, said = drill("freeze")
    assert status == 2
    for name in DRILLS:
        assert name in said


def test_without_kubectl_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert drill("kill", "--name", "centre/pacing") == (
        1,
        "pacing: kubectl cannot be started: No such file or directory\n",
    )


def test_without_the_release_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kubectl(tmp_path, monkeypatch, """echo '{"items": []}'""")
    status, said = drill("kill", "--name", "centre/pacing")
    assert (status, said) == (1, "pacing: there is no node of a release pacing; begin with: helm install\n")


async def test_what_kubectl_refuses_is_an_error_with_its_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kubectl(tmp_path, monkeypatch, 'echo "no rights on $2" >&2; exit 1')
    with pytest.raises(HarnessError, match=r"kubectl get pods: no rights on centre"):
        await Kubectl("centre").run("get", "pods")


async def test_nodes_are_those_that_have_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kubectl(tmp_path, monkeypatch, f"cat <<'END'\n{PODS}\nEND")
    assert await node_addresses(Kubectl(), "pacing") == {"pacing-0": "fd00::1", "pacing-1": "10.0.0.2"}


async def test_a_shell_in_a_container_answers_line_by_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kubectl(tmp_path, monkeypatch, "exec sh")
    shell = await Kubectl().shell("pacing-0", "node")
    assert [await shell.tell("echo one"), await shell.tell("echo $((1 + 1))")] == ["one", "2"]
    with pytest.raises(HarnessError, match="has ended"):
        await shell.tell("exit")
    await shell.close()


async def test_a_shell_that_ends_says_what_kubectl_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kubectl(tmp_path, monkeypatch, "read -r line; echo 'no container: node' >&2; exit 1")
    shell = await Kubectl().shell("pacing-0", "node")
    with pytest.raises(HarnessError, match="the shell in the container has ended: no container: node"):
        await shell.tell("echo ready")
    await shell.close()


async def test_a_shell_of_a_container_that_is_started_again_is_opened_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = tmp_path / "opened"
    script = f"""
case "$1" in
  get) cat <<'END'
{PODS}
END
    ;;
  exec) echo >>{opened}; [ "$(wc -l <{opened})" -gt 1 ] || {{ read -r line; exit 137; }}; exec sh ;;
esac"""
    kubectl(tmp_path, monkeypatch, script)
    secret = ClusterSecret.parse("s" * 43)
    pods = {"pacing-0": "10.0.0.2"}
    cluster = KubernetesCluster(
        Kubectl(), "pacing", pods=pods, bounds=Bounds(4.0, 0.5, 1.0), secret=secret, platform="10.0.0.3"
    )
    await cluster.mend()
    await cluster.close()
    assert len(opened.read_text().splitlines()) == 2
