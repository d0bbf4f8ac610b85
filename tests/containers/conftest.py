"""The engine and the images; where one is missing, tests say so in one line. `make test-containers` brings them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import docker
import pytest
from docker.errors import DockerException, ImageNotFound

from tests.containers.project import Project, project

VARIABLES = {
    "PACING_IMAGE": "agent-pacing:latest",
    "SIMULATOR_IMAGE": "agent-pacing-simulator:latest",
    "ZOOKEEPER_IMAGE": "zookeeper:3.9",
    "HAPROXY_IMAGE": "haproxy:2.8",
    "PROMETHEUS_IMAGE": "prom/prometheus:v2.53.3",
}
"""Images by the variables of docker-compose.yml, with what it takes unless told otherwise."""


@pytest.fixture(scope="session")
def engine() -> Iterator[Any]:
    """The client of a container engine that answers."""
    try:
        client = docker.from_env()
        client.ping()
    except DockerException as error:
        pytest.skip(f"no container engine answers: {str(error).splitlines()[0]}")
    yield client
    client.close()


@pytest.fixture(scope="session")
def images(engine: Any) -> dict[str, str]:
    """Names of the images by their variables; all of them are there."""
    named = {variable: os.environ.get(variable, usual) for variable, usual in VARIABLES.items()}
    for variable, name in named.items():
        try:
            engine.images.get(name)
        except ImageNotFound:
            pytest.skip(f"the image {name} ({variable}) is not there: make images, or pull it")
    return named


@pytest.fixture(scope="package")
def running(engine: Any, images: dict[str, str]) -> Iterator[Project]:
    """The compose project, up and healthy, on free ports and under a name of its own."""
    with project(images) as up:
        yield up
