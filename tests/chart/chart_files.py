"""The chart's files, values as helm merges them, and what helm makes of them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "helm" / "agent-pacing"
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
EXAMPLES = sorted((CHART / "ci").glob("*-values.yaml"))
TRIAL, BARE, GIVEN, PRODUCTION = (
    CHART / "ci" / f"{name}-values.yaml" for name in ("trial", "bare", "given-secrets", "production")
)
TOOLS = Path(os.environ.get("PACING_KUBERNETES") or ROOT / ".tools" / "kubernetes")
RELEASE, NAMESPACE = "pacing", "centre"


def tool(name: str) -> Path:
    """A program of the tools' directory; skips the test where it is missing."""
    program = TOOLS / "bin" / name
    if not program.exists():
        pytest.skip(f"no {name} in {TOOLS}, see scripts/kubernetes_tools.sh")
    return program


KUBERNETES_VERSION = "1.34.0"
"""What templates are made for unless a test says otherwise: a helm built from its module takes itself for 1.20's."""


def for_a_version(*arguments: object) -> tuple[object, ...]:
    """The words of a `helm template`, with a version of Kubernetes."""
    given = arguments[0] != "template" or "--kube-version" in arguments
    return arguments if given else (*arguments, "--kube-version", KUBERNETES_VERSION)


def run(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a tool; its output and status."""
    return subprocess.run(
        [tool(name), *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False, cwd=ROOT
    )


def helm(*arguments: object) -> str:
    """What helm prints. Fails the test with its errors."""
    done = run("helm", *for_a_version(*arguments))
    assert done.returncode == 0, done.stderr
    return done.stdout


def rendered(example: Path, *sets: str, name: str = RELEASE) -> list[dict[str, Any]]:
    """The objects of a release with the values of an example, and single ones (`key=json`) in their place."""
    more = [word for each in sets for word in ("--set-json", each)]
    text = helm("template", name, CHART, "--namespace", NAMESPACE, "--values", example, *more)
    return [each for each in yaml.safe_load_all(text) if each]


def one(objects: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    """The object of a kind and name."""
    (found,) = [each for each in objects if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return found


def pod_specs(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The pods that the objects make."""
    found = [each["spec"] for each in objects if each["kind"] == "Pod"]
    return found + [each["spec"]["template"]["spec"] for each in objects if each["kind"] in {"StatefulSet", "Job"}]


def merged(base: Any, more: Any) -> Any:
    """Values as helm merges them: mappings key by key, the rest replaced; null takes a key away."""
    if not (isinstance(base, dict) and isinstance(more, dict)):
        return more
    both = base | {key: merged(base.get(key), value) for key, value in more.items()}
    return {key: value for key, value in both.items() if value is not None or key not in more}


def values_of(example: Path) -> dict[str, Any]:
    """The values of a release with an example."""
    found: dict[str, Any] = merged(VALUES, yaml.safe_load(example.read_text()))
    return found
