"""The command: what exists is left alone, -overwrite makes it anew, run again it changes nothing."""

from __future__ import annotations

import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from pacing_node.cli.app import build_app
from pacing_node.discovery.discover import discover
from pacing_node.objects.object_files import load_objects
from simulator.scenarios import load_scenario
from simulator.servers import Simulator, SimulatorOptions
from tests.support.commands import pacing

SUCCESS = "Provisioning script successfully finished his work"
EXAMPLE = Path(__file__).parents[2] / "examples" / "objects.yaml"
ALL = {
    "statistics": ["PACS_VQ_Abandoned", "PACS_VQ_Accepted", "PACS_VQ_Current"],
    "filters": ["PACS_Proactive_Interaction"],
    "alarm_conditions": [
        "GC Latency",
        "Heap Memory Usage",
        "PacingRequestsFailed",
        "PacingResponseTargetError",
        "PacingResponseValidationError",
    ],
}


def run(*arguments: str | Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(build_app(), ["provision", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def names(document: dict[str, Any]) -> dict[str, list[str]]:
    return {key: [entry["name"] for entry in document.get(key, [])] for key in ALL}


@pytest.fixture
def objects(tmp_path: Path) -> Path:
    file = tmp_path / "objects.yaml"
    file.write_bytes(EXAMPLE.read_bytes())
    file.chmod(0o640)
    return file


def test_a_file_gets_everything_and_keeps_its_content_comments_and_mode(objects: Path) -> None:
    before, found = objects.read_text(), load_objects(objects)

    status, output, _ = run("-app", "StatServer", "--file", objects)

    after = objects.read_text()
    assert status == 0
    assert output.splitlines()[-1] == SUCCESS
    assert output.count(": added") == 9
    assert after.startswith(before.rstrip("\n"))
    assert names(yaml.safe_load(after)) == ALL
    assert {entry["folder"] for entry in yaml.safe_load(after)["alarm_conditions"]} == {"PacingService"}
    assert stat.S_IMODE(objects.stat().st_mode) == 0o640
    assert discover(load_objects(objects)) == discover(found)
    assert load_objects(objects).findings == found.findings
    assert [path.name for path in objects.parent.iterdir()] == ["objects.yaml"]


def test_run_again_nothing_changes(objects: Path) -> None:
    run("-app", "StatServer", "--file", objects)
    before, inode = objects.read_bytes(), objects.stat().st_ino

    status, output, _ = run("-app", "StatServer", "--file", objects)

    assert (status, output.count(": left alone"), output.splitlines()[-1]) == (0, 9, SUCCESS)
    assert (objects.read_bytes(), objects.stat().st_ino) == (before, inode)


def test_what_exists_is_left_alone_unless_overwritten(objects: Path) -> None:
    own = 'filters:\n  - name: PACS_Proactive_Interaction # ours\n    expression: PairExist("Ours","1")\n'
    objects.write_text(objects.read_text() + own)

    _, left, _ = run("-app", "StatServer", "--file", objects)
    kept = yaml.safe_load(objects.read_text())["filters"]
    _, again, _ = run("-app", "StatServer", "-overwrite", "--file", objects, "--filter-expression", "X()")
    replaced = yaml.safe_load(objects.read_text())["filters"]

    assert 'filter "PACS_Proactive_Interaction": left alone' in left
    assert kept == [{"name": "PACS_Proactive_Interaction", "expression": 'PairExist("Ours","1")'}]
    assert again.count(": recreated") == 9
    assert replaced == [{"name": "PACS_Proactive_Interaction", "application": "StatServer", "expression": "X()"}]


def test_the_transaction_with_the_credentials_is_never_touched(objects: Path) -> None:
    before = yaml.safe_load(objects.read_text())["transactions"]
    section = objects.read_text().split("transactions:")[1].split("\n\n")[0]

    run("-app", "StatServer", "-overwrite", "--file", objects)

    assert yaml.safe_load(objects.read_text())["transactions"] == before
    assert section in objects.read_text()


def test_a_dry_run_writes_nothing(objects: Path) -> None:
    before = objects.read_bytes()

    status, output, _ = run("-app", "StatServer", "--dry-run", "--file", objects)

    assert (status, output.count(": added"), SUCCESS in output) == (0, 9, False)
    assert objects.read_bytes() == before


def test_a_directory_gets_a_file_of_its_own_and_keeps_what_stands_elsewhere(objects: Path) -> None:
    other = objects.with_name("filters.yml")
    other.write_text("filters: [{name: PACS_Proactive_Interaction, expression: x}] # ours\n")
    before = objects.read_bytes(), other.read_bytes()

    run("-app", "StatServer", "--file", objects.parent)
    first = objects.read_bytes(), other.read_bytes()
    run("-app", "StatServer", "-overwrite", "--file", objects.parent)

    added = yaml.safe_load(objects.with_name("pacing-service.yaml").read_text())
    assert first == before
    assert names(added) == ALL | {"filters": []}
    assert names(yaml.safe_load(other.read_text()))["filters"] == ALL["filters"]
    assert other.read_text().endswith("# ours\n")
    assert objects.read_bytes() == before[0]
    load_objects(objects.parent)


def test_a_link_stays_a_link(objects: Path) -> None:
    link = objects.with_name("link.yaml")
    link.symlink_to(objects)

    run("-app", "StatServer", "--file", link)

    assert link.is_symlink()
    assert names(yaml.safe_load(objects.read_text())) == ALL


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"filters: 3\n", "filters: found something else than a list"),
        (b"a: [\n", "not valid YAML"),
        (b"\xff", "not UTF-8"),
    ],
)
def test_a_file_that_is_no_list_of_objects_is_refused_untouched(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "objects.yaml"
    file.write_bytes(content)

    status, _, errors = run("-app", "StatServer", "--file", file)

    assert status == 1
    assert message in errors
    assert file.read_bytes() == content


def test_a_missing_file_and_missing_options_are_told(tmp_path: Path) -> None:
    assert run("-app", "S", "--file", tmp_path / "none.yaml")[::2] == (
        1,
        f"pacing: {tmp_path}/none.yaml: no such file or directory\n",
    )
    assert run("-app", "S")[0] == 2
    assert run("-app", "S", "-host", "x")[0] == 2
    assert run("-app", "S", "-host", "x", "-port", "1", "--file", "y")[0] == 2
    assert run("-host", "x", "-port", "1")[0] == 2


# --- through the bridge ----------------------------------------------------------------------------------------------


@pytest.fixture
async def simulator(tmp_path: Path) -> AsyncIterator[Simulator]:
    options = SimulatorOptions(objects_file=tmp_path / "centre.yaml")
    async with Simulator(load_scenario("demo"), options) as running:
        yield running


async def provision(simulator: Simulator, *more: str, user: str = "admin") -> tuple[int, str, str]:
    host, _, port = simulator.addresses["configuration"].partition(":")
    flags = ["-host", host, "-port", port, "-user", user, "-password", "hush", "-app", "StatServer", *more]
    environment = os.environ | {"NO_COLOR": "1"}
    done = await pacing("provision", *flags, environment=environment)
    return done.status, done.out, done.err


def document(simulator: Simulator) -> dict[str, Any]:
    assert simulator.document is not None
    return simulator.document.objects


async def test_a_bridge_gets_everything_by_the_flags_of_the_reference_product(
    simulator: Simulator, tmp_path: Path
) -> None:
    before = dict(document(simulator))

    status, output, _ = await provision(simulator)

    assert status == 0
    assert output.splitlines()[-1] == SUCCESS
    assert output.count(": added") == 9
    assert names(document(simulator)) == ALL
    assert {key: value for key, value in document(simulator).items() if key not in ALL} == before
    assert names(yaml.safe_load((tmp_path / "centre.yaml").read_text())) == ALL


async def test_a_bridge_leaves_alone_what_exists_and_recreates_it_when_told(simulator: Simulator) -> None:
    await provision(simulator)
    assert simulator.document is not None
    version = simulator.document.version
    _, again, _ = await provision(simulator)
    unchanged = simulator.document.version == version
    _, over, _ = await provision(simulator, "-overwrite", "--filter-expression", "X()")

    assert (again.count(": left alone"), unchanged) == (9, True)
    assert over.count(": recreated") == 9
    assert names(document(simulator)) == ALL
    assert document(simulator)["filters"][0]["expression"] == "X()"


async def test_a_refused_user_and_a_dead_bridge_are_told_without_the_password(simulator: Simulator) -> None:
    refused = await provision(simulator, user="")
    await simulator.stop()
    dead = await provision(simulator)

    assert refused[0] == 1
    assert "user or password refused (name a user)" in refused[2]
    assert dead[0] == 1
    assert simulator.addresses["configuration"] in dead[2]
    assert "UNAVAILABLE" in dead[2]
    assert "hush" not in "".join((*refused[1:], *dead[1:]))
