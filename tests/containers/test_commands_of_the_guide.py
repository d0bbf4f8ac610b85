"""The commands of docs/deployment.md and docs/drills.md about containers, run as they stand there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from simulator.harness import ports
from simulator.harness.container_guard import ContainerGuard
from tests.containers.project import PORTS, PROJECT
from tests.deployment.queries import DOCS, ROOT

pytestmark = [pytest.mark.containers, pytest.mark.timeout(900)]


def commands(page: str, begin: str, end: str) -> list[str]:
    """Indented commands of a section, without their comments."""
    text = (DOCS / page).read_text()
    section = text[text.index(f"\n{begin}\n") : text.index(f"\n{end}\n")]
    return [line.partition("#")[0].strip() for line in re.findall(r"^    (\S.*)$", section, re.MULTILINE)]


@pytest.fixture(scope="module")
def environment(images: dict[str, str]) -> Iterator[dict[str, str]]:
    chosen = dict(zip(PORTS, map(str, ports.choose_quiet(len(PORTS))), strict=True))
    socket = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")
    path = f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}"
    given = {**os.environ, **images, **chosen, "DOCKER_SOCKET": socket, "PATH": path}
    given["COMPOSE_PROJECT_NAME"] = "pacing-guide"
    guard = ContainerGuard(f"{PROJECT}=pacing-guide")
    guard.start()
    try:
        yield given
        subprocess.run(["docker", "compose", "down", "--volumes"], cwd=ROOT, env=given, check=True, capture_output=True)
    finally:
        guard.end()


def run(command: str, environment: dict[str, str]) -> str:
    done = subprocess.run(command.split(), cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    print(f"$ {command}\n{done.stdout}{done.stderr}")
    assert done.returncode == 0 or "verdict" in done.stdout or " fail " in done.stdout, done.stderr
    return done.stdout


def test_every_command_of_the_compose_section_does_what_it_says(environment: dict[str, str]) -> None:
    up, drill, down, secure = commands("deployment.md", "## Compose", "## Load balancers")
    assert up == "docker compose up --wait"
    run(up, environment)
    assert "graceful" in run(drill, environment)
    (by_name, _) = commands("drills.md", "### On containers", "### On Kubernetes")
    assert "kill" in run(by_name, environment)
    run(down, environment)
    run(secure, environment)
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"http://127.0.0.1:{environment['NODE_1_PORT']}/liveness", trust_env=False)
    assert "graceful" in run("pacing drill --target compose graceful", environment)
    run("docker compose -f docker-compose.yml -f compose.tls.yaml down --volumes", environment)


def test_images_are_built_by_the_command_of_the_page() -> None:
    """`make test-containers` has run it: the same script, with the base that can be had here."""
    assert commands("deployment.md", "## Images", "## Compose")[0] == "make images"
    assert "scripts/build_image.sh" in (ROOT / "scripts" / "test_containers.sh").read_text()
    assert "scripts/build_image.sh" in (ROOT / "Makefile").read_text()


def test_the_project_is_found_by_the_variable_that_compose_reads_too(environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "pacing_node.cli.main", "drill", "kill", "--target", "compose"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "the compose project pacing-guide has no" in done.stderr
