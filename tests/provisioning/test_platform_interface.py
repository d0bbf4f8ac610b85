"""Provisioning over the platform configuration interface: the site's own options stay, and what was done is said."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from pacing_node.provisioning.definitions import Action, DefinitionChange, plan, wanted
from pacing_node.provisioning.gws_target import GwsRoutes, GwsTarget
from pacing_node.provisioning.provisioning_target import PartlyWrittenError, ProvisioningError, apply
from simulator.scenarios import load_scenario
from simulator.servers import Simulator, SimulatorOptions
from simulator.servers.configuration.platform_writes import OWN_OPTIONS
from simulator.servers.faults.fault_board import FAULT
from tests.provisioning.test_provision import ALL, SUCCESS, names
from tests.support.commands import pacing

APP = "StatServer"
SECRET = "simulated-secret"
STATISTICS = ALL["statistics"]
NOTHING: dict[str, list[str]] = {key: [] for key in ALL}


@contextlib.asynccontextmanager
async def running(**options: Any) -> AsyncIterator[Simulator]:
    async with Simulator(load_scenario("demo"), SimulatorOptions(**options)) as simulator:
        yield simulator


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with running() as simulator:
        yield simulator


async def provision(
    simulator: Simulator | str, *more: str, user: str = "admin", password: str = SECRET, **environment: str
) -> tuple[int, str, str]:
    """The command as a program of its own: it has a loop of its own, and the simulator needs this one."""
    url = simulator if isinstance(simulator, str) else simulator.addresses["http"]
    host, _, port = url.removeprefix("http://").partition(":")
    where = ["--kind", "gws", "--scheme", "http", "-host", host, "-port", port]
    command = ["provision", "-app", APP]
    return await done([*command, *where, "-user", user, "-password", password, *more], **environment)


async def done(command: list[str], **environment: str) -> tuple[int, str, str]:
    variables = {key: value for key, value in os.environ.items() if not key.startswith("PACING_")}
    variables |= {"NO_COLOR": "1", "COLUMNS": "200"} | environment
    run = await pacing(*command, environment=variables)
    return run.status, run.out, run.err


def document(simulator: Simulator) -> dict[str, Any]:
    assert simulator.document is not None
    return simulator.document.objects


def target(simulator: Simulator, **routes: Any) -> GwsTarget:
    url = simulator.addresses["http"]
    return GwsTarget(url, application=APP, user="admin", password=SECRET, routes=GwsRoutes(**routes))


async def options(simulator: Simulator, application: str = APP) -> dict[str, Any]:
    async with httpx.AsyncClient(trust_env=False, timeout=30.0) as client:
        address = f"{simulator.addresses['http']}/api/v2/platform/configuration/applications"
        answer = await client.get(address, params={"name": f'"{application}"'}, auth=("reader", SECRET))
    (record,) = answer.json()["applications"]
    found: dict[str, Any] = record["options"]
    return found


async def test_everything_gets_there_and_the_sites_own_options_stay(simulator: Simulator) -> None:
    before = dict(document(simulator))

    status, output, said = await provision(simulator)

    assert (status, said) == (0, "")
    assert output.splitlines()[-1] == SUCCESS
    assert output.count(": added") == 9
    assert names(document(simulator)) == ALL
    assert {key: value for key, value in document(simulator).items() if key not in ALL} == before
    assert {entry["folder"] for entry in document(simulator)["alarm_conditions"]} == {"PacingService"}
    now = await options(simulator)
    assert now["Filters"] == OWN_OPTIONS["Filters"] | {"PACS_Proactive_Interaction": 'PairExist("Proactive","true")'}
    assert now["PACS_VQ_Current"] == {
        "Objects": "Queue",
        "Category": "CurrentNumber",
        "Subject": "DNAction",
        "MainMask": "CallWait",
    }
    assert set(now) == set(OWN_OPTIONS) | set(STATISTICS)
    assert await options(simulator, "StatServer_Backup") == OWN_OPTIONS


async def test_run_again_it_changes_nothing_and_overwriting_makes_everything_anew(simulator: Simulator) -> None:
    await provision(simulator)
    assert simulator.document is not None
    version = simulator.document.version

    _, again, _ = await provision(simulator)
    unchanged = simulator.document.version == version
    status, over, _ = await provision(simulator, "-overwrite", "--filter-expression", "X()", "--alarm-events", "7, 8")

    assert (again.count(": left alone"), again.splitlines()[-1], unchanged) == (9, SUCCESS, True)
    assert (status, over.count(": recreated")) == (0, 9)
    assert names(document(simulator)) == ALL
    assert document(simulator)["filters"][0]["expression"] == "X()"
    assert {(e["detect_event"], e["cancel_event"]) for e in document(simulator)["alarm_conditions"]} == {("7", "8")}


async def test_a_dry_run_reads_and_writes_nothing(simulator: Simulator) -> None:
    assert simulator.document is not None

    status, output, _ = await provision(simulator, "--dry-run", user="reader")

    assert (status, output.count(": added"), SUCCESS in output) == (0, 9, False)
    assert simulator.document.version == 1


async def test_what_the_bridge_wrote_is_seen_here_and_the_other_way_round(simulator: Simulator) -> None:
    await provision(simulator)
    host, _, port = simulator.addresses["configuration"].partition(":")
    command = ["provision", "-app", APP]

    bridge = await done([*command, "-host", host, "-port", port, "-user", "admin"])

    assert bridge[1].count(": left alone") == 9


@pytest.mark.parametrize(
    ("user", "password", "said"),
    [
        ("admin", "wrong", "HTTP 401: the user or the password was refused"),
        ("", SECRET, "HTTP 401: the user or the password was refused"),
        ("reader", SECRET, "does not let this user write"),
    ],
)
async def test_who_may_not_is_told_what_to_do_and_nothing_is_written(
    simulator: Simulator, user: str, password: str, said: str
) -> None:
    status, output, errors = await provision(simulator, user=user, password=password)

    assert (status, output) == (1, "")
    assert said in errors
    assert password not in errors.replace("password", "")
    assert names(document(simulator)) == NOTHING


async def test_a_server_that_takes_no_writes_says_so_with_what_to_do_instead() -> None:
    async with running(platform_writable=False) as simulator:
        status, output, errors = await provision(simulator)

        assert (status, output) == (1, "")
        assert "HTTP 405, statusCode 3 the interface is read only" in errors
        assert "api-platform-configuration-write" in errors
        assert "make it by hand" in errors
        assert names(document(simulator)) == NOTHING


async def test_an_application_that_does_not_exist_is_told(simulator: Simulator) -> None:
    status, _, errors = await provision(simulator, "-app", "Nobody")

    assert status == 1
    assert "there is no application Nobody, or the user may not see it" in errors


async def test_what_was_done_before_it_failed_is_said_and_the_next_run_goes_on(simulator: Simulator) -> None:
    """The options are one request, the folder one, each alarm condition one: the third condition fails."""
    pair = target(simulator)
    changes = await asyncio.to_thread(lambda: plan(pair.existing(), wanted(APP), overwrite=False))
    send, writes = pair._send, []

    def failing(method: str, path: str, body: dict[str, Any]) -> None:
        writes.append(path)
        if len(writes) == 5:
            fault = {"kind": "status", "where": "configuration", "status": 503, "requests": 1}
            simulator.board.begin(FAULT.validate_python(fault))
        send(method, path, body)

    pair._send = failing  # type: ignore[method-assign]
    with pytest.raises(PartlyWrittenError, match="Whether it was written is not known") as stopped:
        await asyncio.to_thread(apply, pair, changes)

    assert [change.definition.name for change in stopped.value.written] == [
        *STATISTICS,
        *ALL["filters"],
        "GC Latency",
        "Heap Memory Usage",
    ]
    status, output, _ = await provision(simulator)
    assert (status, output.count(": left alone"), output.count(": added")) == (0, 6, 3)


async def test_options_somebody_else_changed_meanwhile_are_not_overwritten(simulator: Simulator) -> None:
    pair = target(simulator)
    changes = await asyncio.to_thread(lambda: plan(pair.existing(), wanted(APP), overwrite=False))
    await provision(simulator)

    with pytest.raises(ProvisioningError, match="somebody else changed StatServer meanwhile"):
        await asyncio.to_thread(apply, pair, changes)


async def test_an_alarm_condition_somebody_else_made_meanwhile_is_a_conflict_that_is_told(simulator: Simulator) -> None:
    pair = target(simulator)
    await provision(simulator)
    await asyncio.to_thread(pair.existing)
    again = [DefinitionChange(Action.ADD, item) for item in wanted(APP) if item.name == "GC Latency"]

    with pytest.raises(ProvisioningError, match="HTTP 409, statusCode 2 alarm-conditions: GC Latency exists"):
        await asyncio.to_thread(apply, pair, again)


@pytest.mark.parametrize("how", ["truncated", "not_json", "wrong_types", "empty"])
async def test_a_spoiled_answer_ends_it_with_words(simulator: Simulator, how: str) -> None:
    fault = {"kind": "garble", "where": "configuration", "how": how}
    simulator.board.begin(FAULT.validate_python(fault))

    status, output, errors = await provision(simulator)

    assert (status, output) == (1, "")
    assert errors.startswith("pacing: http://127.0.0.1:")
    assert "Traceback" not in errors
    assert SECRET not in errors


async def test_only_changed_sections_are_sent_when_asked_for_and_lost_ones_are_noticed(simulator: Simulator) -> None:
    """The simulator puts what is sent in place of all options: such a server needs them whole."""
    pair = target(simulator, whole_options=False)
    changes = await asyncio.to_thread(lambda: plan(pair.existing(), wanted(APP), overwrite=False))

    with pytest.raises(ProvisioningError, match="shows others now, see the sections TimeZones, statserver"):
        await asyncio.to_thread(apply, pair, changes)


async def test_hidden_values_are_not_written_back(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OWN_OPTIONS, "db", {"password": "****"})
    async with running() as hiding:
        status, _, errors = await provision(hiding)

        assert status == 1
        assert "the server hides values of StatServer (db/password)" in errors
        assert "--changed-sections-only" in errors
        assert names(document(hiding)) == NOTHING


async def test_the_routes_can_be_those_of_another_server(simulator: Simulator) -> None:
    for flags, said in (
        (("--gws-path", "/other"), "GET /other/applications"),
        (("--update-method", "patch"), "PATCH /api/v2/platform/configuration/applications/"),
    ):
        status, _, errors = await provision(simulator, *flags)
        assert status == 1
        assert said in errors
    assert (await provision(simulator, "--no-folder"))[0] == 0
    assert {entry["folder"] for entry in document(simulator)["alarm_conditions"]} == {""}


# --- the configuration server of the cluster's options ---------------------------------------------------------------


def node_file(tmp_path: Path, config_server: str) -> Path:
    seed = tmp_path / "cluster.yaml"
    seed.write_text(f"configServer: {config_server}\nstatServer: {{primary: 'stat:7000'}}\n")
    node = tmp_path / "node.yaml"
    node.write_text(f"zookeeper: none\nstate_directory: {tmp_path}/state\nseed: {seed}\n")
    (tmp_path / "state").mkdir(exist_ok=True)
    return node


async def by_node(node: Path, *more: str, **environment: str) -> tuple[int, str, str]:
    command = ["provision", "-app", APP, "--config", str(node)]
    return await done([*command, *more], **environment)


async def test_without_flags_the_server_of_the_clusters_options_is_used_and_the_backup_when_the_primary_is_away(
    simulator: Simulator, tmp_path: Path
) -> None:
    address = simulator.addresses["http"].removeprefix("http://")
    login = f"user: admin, password: {SECRET}"
    node = node_file(tmp_path, f"{{kind: gws, scheme: http, primary: '127.0.0.1:1', backup: '{address}', {login}}}")

    status, output, _ = await by_node(node)

    assert (status, output.count(": added")) == (0, 9)
    assert names(document(simulator)) == ALL


async def test_the_kinds_bridge_and_file_of_the_options_are_used_too(simulator: Simulator, tmp_path: Path) -> None:
    bridge = node_file(tmp_path, f"{{kind: bridge, primary: '{simulator.addresses['configuration']}'}}")
    assert (await by_node(bridge, "-user", "admin"))[0] == 0
    assert names(document(simulator)) == ALL

    objects = tmp_path / "objects.yaml"
    objects.write_text("tenant: T\n")
    status, output, _ = await by_node(node_file(tmp_path, f"{{kind: file, path: {objects}}}"))
    assert (status, output.count(": added")) == (0, 9)


async def test_options_that_name_nobody_who_answers_are_told_for_both_servers(tmp_path: Path) -> None:
    node = node_file(tmp_path, "{kind: gws, scheme: http, primary: '127.0.0.1:1', backup: '127.0.0.1:2'}")

    status, _, errors = await by_node(node)

    assert status == 1
    assert "http://127.0.0.1:1: GET" in errors
    assert "http://127.0.0.1:2: GET" in errors


async def test_without_any_source_the_ways_to_name_one_are_told(tmp_path: Path) -> None:
    command = ["provision", "-app", APP]
    node = tmp_path / "node.yaml"
    node.write_text(f"zookeeper: none\nstate_directory: {tmp_path}\n")

    nothing, unseeded = await done(command), await by_node(node)

    assert nothing[0] == 2
    assert "name --host and --port, or --file, or with --config a node" in nothing[2]
    assert unseeded[0] == 4
    assert "the cluster has no options yet" in unseeded[2]
