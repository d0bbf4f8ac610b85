"""The chart on a real cluster: its own test, drills, upgrades, the network policy, and what is left of it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.drill.kubernetes_drills import DRILLS
from simulator.harness.kubernetes_cluster import open_kubernetes_cluster
from simulator.harness.push_record import changes_of_epoch, missed_periods, out_of_order
from tests.chart.chart_files import ROOT
from tests.kubernetes.release import NAME, NAMESPACE, RELEASE, helm, image, kubectl, listed, upgrade
from tests.support.waiting import until_blocking

pytestmark = [pytest.mark.kubernetes, pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.usefixtures("installed")]
OWN = f"app.kubernetes.io/instance={RELEASE}"
KINDS = (
    "pods,services,configmaps,secrets,statefulsets,jobs,poddisruptionbudgets,networkpolicies,serviceaccounts,roles,"
    "rolebindings,persistentvolumeclaims,endpointslices,controllerrevisions"
)
CONNECT = """
import socket, sys, time
from concurrent.futures import ThreadPoolExecutor

def tried(place):
    host, port = place.rsplit(":", 1)
    # What enforces the policy hears of this pod a moment after its start.
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            socket.create_connection((host, int(port)), 2).close()
            return "open"
        except OSError:
            time.sleep(0.5)
    return "closed"

with ThreadPoolExecutor(len(sys.argv)) as pool:
    for place, word in zip(sys.argv[1:], pool.map(tried, sys.argv[1:])):
        print(word, place)
"""


def in_node(*words: str) -> str:
    """What a command prints in the first node."""
    return kubectl("exec", f"{NAME}-0", "--container", "node", "--", *words)


def test_its_own_test_passes() -> None:
    assert "Phase:          Succeeded" in helm("test", RELEASE, "--timeout", "5m")


def test_a_service_leads_to_the_master_alone() -> None:
    def labelled() -> list[str]:
        return [pod["metadata"]["name"] for pod in listed("pods", "--selector", f"{OWN},agent-pacing/role=master")]

    shown = json.loads(in_node("pacing", "list", "--output", "json"))
    until_blocking(lambda: labelled() == [shown["master"]], "the label of the master", state=labelled)


def test_options_follow_the_values_until_an_operator_changes_them(installed: Path) -> None:
    options = ("pacing", "config", "show", "--config", "/etc/agent-pacing/node/node.yaml")
    upgrade(installed, {"options": {"document": {"pacing": {"caution": 2}}}})
    assert "caution: 2" in in_node(*options)
    edit = (
        "export PACING_CONFIG=/etc/agent-pacing/node/node.yaml; "
        "pacing config show | sed '1d; s/caution: 2/caution: 3/' >/tmp/c.yaml; pacing config apply /tmp/c.yaml --yes"
    )
    in_node("sh", "-c", edit)
    upgrade(installed, {"options": {"document": {"pacing": {"caution": 4}}}})
    assert "caution: 3" in in_node(*options)
    upgrade(installed, {"options": {"document": {"pacing": {"caution": 1}}, "overwrite": True}})
    assert "caution: 1" in in_node(*options)


@pytest.mark.parametrize("drill", DRILLS)
def test_a_drill_stays_within_its_bounds(drill: str) -> None:
    command = [sys.executable, "-m", "pacing_node.cli.main", "drill", drill, "--target", "kubernetes"]
    command += ["--name", f"{NAMESPACE}/{RELEASE}", "--output", "json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, cwd=ROOT)
    print(done.stderr)
    (result,) = json.loads(done.stdout)
    assert result["verdict"] == "pass", (result, done.stderr)
    assert result["accepted_out_of_order"] == 0


def watched(change: Callable[[], None]) -> tuple[int, int, int]:
    """Missed periods, hand-overs and pushes out of order while something is changed."""

    async def watch() -> tuple[int, int, int]:
        async with open_kubernetes_cluster(f"{NAMESPACE}/{RELEASE}") as cluster:
            await cluster.steady()
            began = time.time()
            await asyncio.to_thread(change)
            await cluster.steady()
            missed = missed_periods(cluster.times(), began, time.time(), cluster.bounds.period)
            own = [push for push in cluster.pushes if push.received_at > began - 2 * cluster.bounds.period]
            return missed, changes_of_epoch(own), len(out_of_order(cluster.pushes))

    return asyncio.run(watch())


def test_an_upgrade_and_its_rollback_cost_two_hand_overs_at_most_and_no_period(installed: Path) -> None:
    def forth() -> None:
        upgrade(installed, {"podAnnotations": {"revision": "next"}})

    def back() -> None:
        helm("rollback", RELEASE, "--wait", "--timeout", "8m")

    for change in (forth, back):
        missed, hand_overs, disorder = watched(change)
        print(f"{change.__name__}: {missed} periods missed, {hand_overs} hand-overs, {disorder} out of order")
        assert (missed, disorder) == (0, 0)
        assert 1 <= hand_overs <= 2


def reached(pod: str, labels: str, *places: str) -> dict[str, bool]:
    """Which places a pod of the namespace reaches."""
    security = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": True}
    profile = {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}}
    container = {
        "name": pod,
        "image": image("SIMULATOR_IMAGE"),
        "imagePullPolicy": "Never",
        "command": ["python3", "-c", CONNECT, *places],
        "securityContext": security,
    }
    spec = {"restartPolicy": "Never", "securityContext": profile, "containers": [container]}
    marks = dict([labels.split("=")]) if labels else {}
    made = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": pod, "labels": marks}, "spec": spec}
    kubectl("apply", "--filename", "-", given=json.dumps(made))
    kubectl("wait", f"pod/{pod}", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=120s")
    lines = kubectl("logs", pod).splitlines()
    kubectl("delete", "pod", pod, "--wait=true")
    return {place: word == "open" for word, place in (line.split() for line in lines)}


def test_a_pod_without_the_label_reaches_nothing() -> None:
    pods = [pod for pod in listed("pods", "--selector", OWN) if pod["status"].get("podIP")]
    places = [f"{pod['status']['podIP']}:{port}" for pod in pods for port in (8080, 8081, 7800, 7801, 2181, 2888, 3888)]
    places += [f"{NAME}.centre.svc.cluster.local:8080", f"{NAME}-public.centre.svc.cluster.local:8081"]
    assert len(pods) == 6
    stranger, client = reached("stranger", "", *places), reached("client", f"{NAME}-client=true", *places)
    assert len(stranger) == len(places)
    assert [place for place, is_open in stranger.items() if is_open] == []
    nodes = [pod["status"]["podIP"] for pod in pods if "zookeeper" not in pod["metadata"]["name"]]
    allowed = {f"{address}:{port}" for address in nodes for port in (8080, 8081, 7800)} | set(places[-2:])
    assert {place for place, is_open in client.items() if is_open} == allowed


def test_an_uninstallation_leaves_nothing() -> None:
    helm("uninstall", RELEASE, "--wait", "--timeout", "5m")

    def left() -> list[str]:
        own = listed(KINDS, "--selector", OWN)
        stored = [each for each in listed("secrets") if each["metadata"]["name"].startswith("sh.helm.")]
        return [f"{each['kind']} {each['metadata']['name']}" for each in [*own, *stored]]

    until_blocking(lambda: not left(), "nothing is left", state=left)
