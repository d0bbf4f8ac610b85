"""A release of the chart in a namespace of its own, beside a simulated contact centre."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.chart.chart_files import CHART, TOOLS

NAMESPACE, RELEASE = "centre", "pacing"
NAME = "pacing-agent-pacing"
SIMULATOR = "simulator-0.simulator.centre.svc.cluster.local"


def run(*words: str, given: str | None = None, patience: float = 300.0) -> str:
    """What a command prints; fails the test with its errors."""
    done = subprocess.run(words, input=given, capture_output=True, text=True, timeout=patience, check=False)
    assert done.returncode == 0, f"{' '.join(words[:6])}: {done.stdout[-4000:]}{done.stderr[-4000:]}"
    return done.stdout


def kubectl(*words: str, given: str | None = None) -> str:
    """What kubectl prints, in the namespace of the release."""
    return run(str(TOOLS / "bin" / "kubectl"), "--namespace", NAMESPACE, *words, given=given)


def listed(*words: str) -> list[dict[str, Any]]:
    """The objects that `kubectl get` finds."""
    items: list[dict[str, Any]] = json.loads(kubectl("get", *words, "--output", "json"))["items"]
    return items


def helm(*words: str) -> str:
    """What helm prints, in the namespace of the release."""
    return run(str(TOOLS / "bin" / "helm"), "--namespace", NAMESPACE, *words, patience=600.0)


def image(variable: str) -> str:
    """An image by the variable that names it."""
    return os.environ[variable]


def values() -> dict[str, Any]:
    """Values of a trial on two small machines; this machine's own network is let in, for the drills."""
    repository, _, tag = image("PACING_IMAGE").rpartition(":")
    return {
        "image": {"repository": repository, "tag": tag, "pullPolicy": "Never"},
        "access": {"existingSecret": "pacing-access"},
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
        "zookeeper": {
            "bundled": {
                "enabled": True,
                "image": image("ZOOKEEPER_IMAGE"),
                "pullPolicy": "Never",
                "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
            }
        },
        "options": {
            "document": {
                "configServer": {"kind": "bridge", "primary": f"{SIMULATOR}:7100"},
                "statServer": {"primary": f"{SIMULATOR}:7000", "backup": f"{SIMULATOR}:7001"},
                "pacing": {"refreshPeriod": 1},
            }
        },
        "networkPolicy": {"clients": [{"ipBlock": {"cidr": "10.123.0.0/24"}}], "outgoingPorts": [443, 8200]},
        "services": {"master": {"enabled": True}},
    }


def install(directory: Path) -> None:
    """Namespace, secret, contact centre and release; waits until all of it is ready."""
    spaces = {"pod-security.kubernetes.io/enforce": "restricted"}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": spaces}}
    kubectl("apply", "--filename", "-", given=json.dumps(namespace))
    kubectl("create", "secret", "generic", "pacing-access", f"--from-literal=secret={os.urandom(32).hex()}")
    centre = (Path(__file__).parent / "centre.yaml").read_text().replace("SIMULATOR_IMAGE", image("SIMULATOR_IMAGE"))
    kubectl("apply", "--filename", "-", given=centre)
    kubectl("rollout", "status", "statefulset/simulator", "--timeout=200s")
    upgrade(directory, {})


def upgrade(directory: Path, more: dict[str, Any]) -> None:
    """Install the release, or upgrade it with values in addition; waits until all of it is ready."""
    files = []
    for number, each in enumerate((values(), more)):
        file = directory / f"values-{number}.json"
        file.write_text(json.dumps(each))
        files += ["--values", str(file)]
    helm("upgrade", "--install", RELEASE, str(CHART), *files, "--wait", "--timeout", "8m")
