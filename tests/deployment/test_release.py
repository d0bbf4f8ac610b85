"""What a release is made of: everything in the wheel, every locked package in the SBOM, and the same bytes again."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.deployment.queries import ROOT

LOCK = ROOT / "requirements" / "node.lock"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def locked(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{name}.lock").read_text()
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", text, re.MULTILINE))


def sbom() -> str:
    command = [sys.executable, "scripts/write_sbom.py", str(LOCK)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_the_sbom_names_every_package_of_a_node_with_its_version_and_hashes() -> None:
    document = json.loads(sbom())
    assert (document["bomFormat"], document["metadata"]["component"]["version"]) == ("CycloneDX", PROJECT["version"])
    assert {part["name"]: part["version"] for part in document["components"]} == locked("node")
    assert all(part["properties"] for part in document["components"])
    assert sbom() == sbom()


def test_the_sbom_follows_the_schema_of_cyclonedx() -> None:
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(sbom()) is None
    broken = json.loads(sbom())
    broken["components"][0]["type"] = "thing"
    assert validator.validate_str(json.dumps(broken)) is not None


def test_a_node_is_locked_to_what_is_tested_and_to_nothing_that_only_tests_need() -> None:
    node, tested = locked("node"), locked("dev")
    assert {name: tested.get(name) for name in node} == node
    assert not node.keys() & {"pytest", "testcontainers", "docker", "hatchling", "scipy"}
    wanted = {re.split(r"[\[>=]", each)[0] for each in PROJECT["dependencies"]}
    assert wanted <= node.keys()


def test_the_workflow_calls_what_anybody_can_run_and_names_actions_by_version() -> None:
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())["jobs"]
    steps = [step for job in jobs.values() for step in job["steps"]]
    ours = {step["run"] for step in steps if "run" in step and not step["run"].startswith("go install ")}
    assert ours == {".ci/run", "make test-containers", "make test-chart", "make release"}
    assert all(re.fullmatch(r"(actions|azure)/[a-z-]+@v\d+", step["uses"]) for step in steps if "uses" in step)


@pytest.mark.slow
def test_a_release_is_built_twice_alike_and_its_wheel_has_everything(tmp_path: Path) -> None:
    subprocess.run(["scripts/build_release.sh", tmp_path], cwd=ROOT, check=True, capture_output=True)
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=tmp_path, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    packages = {name.split("/")[0] for name in names if name.endswith(".py")}
    assert packages == {"cluster", "contact_center", "pacing_node", "simulator", "terminal"}
    data = {path.relative_to(ROOT).as_posix() for package in packages for path in (ROOT / package).rglob("*.py")}
    assert data <= set(names)
    (chart,) = tmp_path.glob("agent-pacing-chart-*.tgz")
    with tarfile.open(chart) as archive:
        packed = {member.name for member in archive if member.isfile()}
    assert {"agent-pacing/Chart.yaml", "agent-pacing/values.schema.json", "agent-pacing/files/rules.yml"} <= packed
    assert not any("/ci/" in name for name in packed)
