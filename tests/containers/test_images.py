"""The images: what is in them and what is not, how big they are, as whom they run."""

from __future__ import annotations

import re
import time
from typing import Any

import httpx
import pytest

from tests.containers.project import Project
from tests.deployment.queries import ROOT
from tests.support.waiting import until_blocking

pytestmark = [pytest.mark.containers, pytest.mark.timeout(300)]
MOST_OWN_BYTES = 120_000_000
"""Of what the project adds to its base: Python's packages and the project."""
PLACES = "/opt/pacing/lib/python3*/site-packages"


@pytest.fixture(scope="module")
def image(engine: Any, images: dict[str, str]) -> Any:
    return engine.images.get(images["PACING_IMAGE"])


def said(engine: Any, image: Any, script: str, *, read_only: bool = True) -> str:
    """Output of a shell script in the image, under the rights docker-compose.yml gives."""
    # Without the memory there the engine would make a volume for each, and keep it.
    rights = {"read_only": read_only, "cap_drop": ["ALL"], "network_mode": "none", "tmpfs": {"/var/lib/pacing": ""}}
    return str(engine.containers.run(image.id, ["-c", script], entrypoint="sh", remove=True, **rights).decode())


def test_a_node_needs_no_package_manager_no_simulator_and_no_tests(engine: Any, image: Any) -> None:
    found = said(
        engine, image, f"cd {PLACES}; ls -d pip setuptools hatchling simulator tests numpy/tests 2>/dev/null; true"
    )
    assert found == ""
    programs = said(engine, image, "for each in pip pip3 gcc apt-get dpkg perl; do command -v $each; done; true")
    assert programs == ""
    offered = said(engine, image, "pacing --help")
    assert "step-down" in offered
    assert "drill" not in offered


def test_it_runs_as_nobody_in_particular_and_its_files_are_not_its_own(engine: Any, image: Any) -> None:
    assert image.attrs["Config"]["User"] == "10001:10001"
    assert said(engine, image, "id -u").strip() == "10001"
    writable = said(engine, image, "find /opt /etc /usr -writable ! -type l 2>/dev/null; true", read_only=False)
    assert writable.split() == ["/etc/pacing/secrets"]


def test_bytecode_is_compiled_for_every_module(engine: Any, image: Any) -> None:
    script = f"cd {PLACES}; find . -name '*.py' | wc -l; find . -name '*.pyc' | wc -l"
    sources, compiled = map(int, said(engine, image, script).split())
    assert sources == compiled > 500


def test_what_the_project_adds_is_small(image: Any) -> None:
    layers = image.history()
    own = sum(layer["Size"] for layer in layers if "/opt/pacing" in layer["CreatedBy"])
    print(f"{image.attrs['Size'] / 1e6:.0f} MB, of it {own / 1e6:.0f} MB of ours")
    for layer in layers:
        if layer["Size"]:
            print(f"  {layer['Size'] / 1e6:6.1f} MB  {layer['CreatedBy'][:90]}")
    assert own <= MOST_OWN_BYTES


def test_labels_and_the_health_check_tell_what_it_is(image: Any) -> None:
    labels = image.attrs["Config"]["Labels"]
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version is not None
    assert labels["org.opencontainers.image.version"] == version.group(1)
    assert re.fullmatch(r"[0-9a-f]{40}|unknown", labels["org.opencontainers.image.revision"])
    assert "cluster.admin.health_check" in image.attrs["Config"]["Healthcheck"]["Test"]


def test_no_layer_says_where_packages_came_from(engine: Any, image: Any, images: dict[str, str]) -> None:
    for name in (image.id, images["SIMULATOR_IMAGE"]):
        told = str(engine.images.get(name).attrs["Config"]["Env"]) + str(engine.images.get(name).history())
        assert "index" not in told.lower().replace("index-url", "index")
    script = (
        "ls /etc/pip.conf /root/.config /root/.pip /etc/apt /run/secrets 2>/dev/null; "
        f"find {PLACES} -name direct_url.json; grep -rIlE 'index-url|find-links' /etc /opt/pacing/pyvenv.cfg; true"
    )
    assert said(engine, image, script) == ""


def test_a_node_is_ready_soon_after_its_start(running: Project, engine: Any) -> None:
    """From the start of the container to the first `ready`; printed, for the machine may be busy."""
    node = engine.containers.get(running.compose.get_container("node-1").ID)
    node.stop(timeout=20)
    began = time.monotonic()
    node.start()
    address = f"http://{running.address('NODE_1_PORT')}/readiness"
    until_blocking(lambda: answers(address), "the node is ready", seconds=60)
    print(f"ready {time.monotonic() - began:.2f} s after the engine was told to start it")


def answers(address: str) -> bool:
    try:
        return httpx.get(address, trust_env=False, timeout=1.0).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
