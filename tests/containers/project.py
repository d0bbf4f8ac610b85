"""The project of docker-compose.yml, brought up by testcontainers under a name and on ports of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from testcontainers.compose import DockerCompose

from simulator.harness import ports
from simulator.harness.container_guard import ContainerGuard
from tests.deployment.queries import ROOT

PORTS = (
    "SIMULATOR_PORT", "NODE_1_PORT", "NODE_2_PORT", "NODE_3_PORT", "PUBLIC_PORT", "OPERATORS_PORT", "ORDERS_PORT",
    "PROMETHEUS_PORT",
)  # fmt: skip
PROJECT = "com.docker.compose.project"


@dataclass(frozen=True)
class Project:
    """One that runs."""

    name: str
    environment: Mapping[str, str]
    compose: DockerCompose
    up_seconds: float

    def address(self, port: str) -> str:
        """Where a port is published, by its variable: ``host:port``."""
        return f"127.0.0.1:{self.environment[port]}"

    def drill(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `pacing drill` on it."""
        command = [sys.executable, "-m", "pacing_node.cli.main", "drill", "--target", "compose", "--name", self.name]
        environment = {**os.environ, **self.environment}
        return subprocess.run(
            [*command, "--output", "json", *words],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    def verdicts(self, *words: str) -> list[dict[str, Any]]:
        """What drills came to; their timeline is printed."""
        done = self.drill(*words)
        print(done.stderr)
        return list(json.loads(done.stdout)) if done.stdout else []


@contextmanager
def project(images: Mapping[str, str], *files: str, name: str = "pacing-test") -> Iterator[Project]:
    """`docker compose up --wait`, and afterwards `down --volumes`; ``files`` beside the first are laid over it.

    Gone too when this process is killed.
    """
    name = f"{name}-{uuid.uuid4().hex[:8]}"
    chosen = dict(zip(PORTS, map(str, ports.choose_quiet(len(PORTS))), strict=True))
    environment = {**images, **chosen, "COMPOSE_PROJECT_NAME": name}
    before = {variable: os.environ.get(variable) for variable in environment}
    os.environ.update(environment)
    guard = ContainerGuard(f"{PROJECT}={name}")
    guard.start()
    try:
        compose = DockerCompose(ROOT, compose_file_name=["docker-compose.yml", *files])
        began = time.monotonic()
        try:
            compose.start()
            yield Project(name, environment, compose, time.monotonic() - began)
        except subprocess.CalledProcessError as error:
            print(error.stderr, *compose.get_logs(), sep="\n")
            raise
        finally:
            compose.stop()
    finally:
        guard.end()
        for variable, value in before.items():
            if value is None:
                os.environ.pop(variable, None)
            else:
                os.environ[variable] = value
