"""The whole command: a node's file, a real ensemble, the simulated contact centre."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
import yaml
from click.testing import Result
from kazoo.client import KazooClient
from typer.testing import CliRunner

from pacing_node.cli.app import build_app
from pacing_node.doctor.ensemble import ask_member, check_members
from simulator.harness.node_files import NodePlan, cluster_options, node_options, write_yaml
from simulator.harness.ports import choose_quiet
from simulator.harness.processes import DemoProcess, pacing_command
from tests.support.waiting import until_blocking

pytestmark = [pytest.mark.ensemble, pytest.mark.xdist_group("ensemble")]


def closed_port() -> int:
    """Of those that no connection of this machine gets: nobody listens there, and a node can."""
    return choose_quiet(1)[0]


@pytest.fixture(scope="module")
def centre(tmp_path_factory):
    folder = tmp_path_factory.mktemp("centre")
    ready = folder / "ready.json"
    words = ["--scenario", "demo", "--ready-file", str(ready), "--objects-file", str(folder / "objects.yaml")]
    process = DemoProcess("simulator", pacing_command("simulator", *words), folder / "log")
    process.start()

    def open_or_ended() -> bool:
        process.check()
        return ready.exists()

    until_blocking(open_or_ended, "the simulator is open")
    yield json.loads(ready.read_text())
    process.kill_session()


@pytest.fixture
def files(tmp_path, centre, zookeeper_hosts):
    """A node's file and the cluster's, both well; change and write them."""

    class Files:
        def __init__(self):
            self.plan = NodePlan("node-1", tmp_path, closed_port(), closed_port())
            hosts, _, root = zookeeper_hosts.partition("/")
            self.seed = tmp_path / "cluster.yaml"
            self.cluster = cluster_options(centre)
            self.node = node_options(self.plan, cluster="c", zookeeper=hosts, seed=self.seed)
            self.node["zookeeper"]["root"] = f"/{root}"
            self.node["push_budget_seconds"] = 1.0

        def doctor(self, *words: str) -> Result:
            write_yaml(self.seed, self.cluster)
            write_yaml(self.plan.file, self.node)
            return CliRunner().invoke(build_app(), ["doctor", "--config", str(self.plan.file), *words])

        def findings(self) -> tuple[int, dict[str, dict[str, str]]]:
            result = self.doctor("--output", "json")
            return result.exit_code, {each["check"]: each for each in json.loads(result.stdout)}

    return Files()


def test_where_all_is_well_nothing_must_be_changed(files):
    status, found = files.findings()
    assert status == 0, [each for each in found.values() if each["severity"] == "error"]
    for check in (
        "ports.default",
        "ports.clustering",
        "zookeeper.session",
        "times.tick",
        "times.sync_limit",
        "times.session_timeout",
        "times.fail_over",
        "options.cluster",
        "configuration.source",
        "discovery.targets",
        "statistics.primary",
        "statistics.backup",
        "platform.token",
        "platform.endpoint",
        "clock.platform",
    ):
        assert found[check]["severity"] == "ok", found[check]
    assert "4.75 s" in found["times.fail_over"]["found"]
    assert all(set(each) == {"check", "severity", "found", "allowed", "remedy"} for each in found.values())


def test_people_get_a_table_and_a_count(files):
    result = files.doctor()
    assert result.exit_code == 0
    assert "times.fail_over" in result.stdout
    assert result.stdout.splitlines()[-1].startswith("0 errors, ")


def test_a_zookeeper_that_is_not_there_is_an_error(files):
    port = closed_port()
    files.node["zookeeper"] = {"hosts": f"127.0.0.1:{port}", "session_timeout_seconds": 2.0, "heartbeat_seconds": 0.25}
    files.node["push_budget_seconds"] = 0.6
    status, found = files.findings()
    assert status == 1
    assert found[f"zookeeper.127.0.0.1:{port}"]["severity"] == "error"
    assert found["zookeeper.session"]["severity"] == "error"
    assert found["zookeeper.hosts"]["severity"] == "warning"
    assert found["times.session_timeout"]["severity"] == "skipped"
    assert found["platform.token"]["severity"] == "ok", "the rest is looked at all the same"


def test_an_access_list_that_keeps_the_node_out_names_path_user_and_option(files):
    files.node["zookeeper"]["acl"] = {"user": "pacing", "password": "a secret"}
    write_yaml(files.seed, files.cluster)
    write_yaml(files.plan.file, files.node)
    applied = CliRunner().invoke(
        build_app(), ["config", "apply", str(files.seed), "--config", str(files.plan.file), "--yes"]
    )
    assert applied.exit_code == 0, applied.output

    files.node["zookeeper"]["acl"]["password"] = "a guess"
    status, found = files.findings()
    assert status == 1
    assert found["zookeeper.access"]["severity"] == "error"
    assert 'c/config for user "pacing" of zookeeper.acl' in found["zookeeper.access"]["found"]
    assert "correct user and password in zookeeper.acl" in found["zookeeper.access"]["remedy"]
    assert "zookeeper.session" not in found


@pytest.mark.parametrize(
    ("name", "data", "found_text"),
    [("master", b"mine", "found a persistent node"), ("epoch", b"garbage", "expected a number up to")],
)
def test_what_keeps_every_node_from_becoming_master_is_an_error(files, name, data, found_text):
    client = KazooClient(hosts=files.node["zookeeper"]["hosts"])
    client.start()
    try:
        client.create(f"{files.node['zookeeper']['root']}/c/{name}", data, makepath=True)
        status, found = files.findings()
    finally:
        client.stop()
        client.close()
    assert status == 1
    assert found["zookeeper.tree"]["severity"] == "error"
    assert f"/c/{name}" in found["zookeeper.tree"]["found"]
    assert found_text in found["zookeeper.tree"]["found"]


def test_a_tick_below_the_ensembles_is_an_error(files):
    files.node["zookeeper"]["tick_seconds"] = 0.25
    status, found = files.findings()
    assert status == 1
    assert found["times.tick"]["severity"] == "error"
    assert "0.5" in found["times.tick"]["remedy"]


def test_one_statistics_server_of_two_is_a_warning_and_none_an_error(files):
    files.cluster["statServer"]["backup"] = f"127.0.0.1:{closed_port()}"
    status, found = files.findings()
    assert (status, found["statistics.backup"]["severity"]) == (0, "warning")
    files.cluster["statServer"]["primary"] = f"127.0.0.1:{closed_port()}"
    status, found = files.findings()
    assert (status, found["statistics.primary"]["severity"]) == (1, "error")


def test_wrong_credentials_and_a_strange_alias_are_found(files, tmp_path, centre):
    objects = yaml.safe_load(Path(centre["objects_file"]).read_text())
    objects["transactions"][0]["annex"]["ewt"]["password"] = "not this one"
    queue = objects["virtual_queues"][0]
    queue["alias"] = "another-name"
    (tmp_path / "objects.yaml").write_text(yaml.safe_dump(objects))
    files.cluster["configServer"]["path"] = str(tmp_path / "objects.yaml")
    status, found = files.findings()
    assert status == 1
    assert found["platform.token"]["severity"] == "error"
    assert "not this one" not in json.dumps(found)
    assert any(queue["name"] in each["found"] for each in found.values() if each["check"].startswith("discovery."))


def test_a_missing_file_of_objects_is_an_error_and_the_platform_is_left_out(files, tmp_path):
    files.cluster["configServer"]["path"] = str(tmp_path / "gone.yaml")
    status, found = files.findings()
    assert (status, found["configuration.source"]["severity"]) == (1, "error")
    assert found["platform.*"]["severity"] == "skipped"


def test_bad_cluster_options_are_told_and_what_needs_them_left_out(files):
    files.cluster["pacing"]["refreshPeriod"] = 0
    status, found = files.findings()
    assert (status, found["options.cluster"]["severity"]) == (1, "error")
    assert "refreshPeriod" in found["options.cluster"]["found"]
    assert found["statistics.*"]["severity"] == found["alarms.*"]["severity"] == "skipped"


def test_every_finding_of_discovery_says_what_to_do_about_it(files, tmp_path, centre):
    objects = yaml.safe_load(Path(centre["objects_file"]).read_text())
    objects["virtual_queues"][0]["alias"] = "another-name"
    (tmp_path / "objects.yaml").write_text(yaml.safe_dump(objects))
    files.cluster["configServer"]["path"] = str(tmp_path / "objects.yaml")
    files.cluster["pacing"]["optimizationGoal"] = 50
    status, found = files.findings()
    assert status == 0
    assert found["discovery.alias_differs_from_number"]["remedy"] == "set the queue's alias to its number"
    assert found["discovery.agents_in_several_groups"]["remedy"].startswith("nothing, if it is meant so")
    assert found["options.goal_far_from_advised"]["severity"] == "warning"


def test_statistics_the_servers_do_not_know_are_an_error_that_names_them(files):
    assert files.findings()[1]["statistics.values"]["severity"] == "ok"
    files.cluster["statServer"]["statistics"] = {"accepted": "Gone"}
    status, found = files.findings()
    assert (status, found["statistics.values"]["severity"]) == (1, "error")
    assert found["statistics.values"]["found"].startswith("0 of the 4 targets asked for have current statistics; ")
    assert "Gone: statistic Gone is not defined" in found["statistics.values"]["found"]
    assert "statServer.statistics" in found["statistics.values"]["remedy"]


def test_receivers_of_alarms_that_do_not_answer_are_warnings(files, centre):
    files.cluster["messageServer"] = {"primary": f"127.0.0.1:{closed_port()}"}
    files.cluster["alarms"] = {
        "alertmanager": f"http://127.0.0.1:{closed_port()}",
        "webhook": f"{centre['http']}/simulator/alarms",
    }
    status, found = files.findings()
    assert status == 0
    assert found["alarms.messageServer.primary"]["severity"] == "warning"
    assert "connection refused" in found["alarms.messageServer.primary"]["found"]
    assert found["alarms.alertmanager"]["severity"] == "warning"
    assert found["alarms.webhook"]["severity"] == "ok"


def test_a_proxy_that_does_not_answer_is_named_with_what_it_stands_before(files):
    port = closed_port()
    files.cluster["forward-proxy"] = {"host": "127.0.0.1", "port": port, "user": "u", "password": "hush"}
    status, found = files.findings()
    assert (status, found["platform.token"]["severity"]) == (1, "error")
    for check in ("platform.token", "platform.endpoint"):
        assert f"(through the proxy http://127.0.0.1:{port})" in found[check]["found"]
    assert "hush" not in json.dumps(found)


def test_a_state_directory_that_cannot_be_made_is_an_error(files, tmp_path):
    (tmp_path / "file").write_text("")
    files.node["state_directory"] = str(tmp_path / "file" / "state")
    status, found = files.findings()
    assert (status, found["files.state_directory"]["severity"]) == (1, "error")
    assert f"{tmp_path}/file is no directory" in found["files.state_directory"]["found"]


def test_one_zookeeper_of_four_that_is_away_is_a_warning(files):
    port = closed_port()
    if files.node["zookeeper"]["hosts"].count(",") < 2:
        pytest.skip("the ensemble has one member only")
    files.node["zookeeper"]["hosts"] += f",127.0.0.1:{port}"
    status, found = files.findings()
    assert (status, found[f"zookeeper.127.0.0.1:{port}"]["severity"]) == (0, "warning")
    assert found["zookeeper.session"]["severity"] == "ok"


def test_bad_node_options_are_the_only_finding(files):
    files.node["zookeeper"]["heartbeat_seconds"] = 3.0
    status, found = files.findings()
    assert status == 1
    assert set(found) == {"options.node"}


def test_a_node_alone_needs_no_zookeeper(files):
    files.node["zookeeper"] = "none"
    status, found = files.findings()
    assert status == 0
    assert found["zookeeper.session"]["severity"] == "skipped"
    assert "times.tick" not in found


def test_a_port_that_another_program_uses_is_an_error(files):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        files.node["ports"]["clustering"] = listener.getsockname()[1]
        status, found = files.findings()
    assert (status, found["ports.clustering"]["severity"]) == (1, "error")


async def test_members_tell_mode_tick_and_sync_limit(ensemble):
    answers = [await ask_member(host) for host in ensemble.hosts.split(",")]
    if len(answers) >= 3:
        assert sorted(answer.mode for answer in answers) == ["follower", "follower", "leader"]
        assert {(answer.tick_seconds, answer.sync_limit) for answer in answers} == {(0.5, 4)}
    assert all(each.severity == "ok" for each in check_members(answers, secured=False))


async def test_a_port_that_speaks_something_else_tells_no_mode():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(4)
        answer = await ask_member(f"127.0.0.1:{listener.getsockname()[1]}")
    assert answer.failure == "no answer in time"


def test_certificates_of_every_port_are_looked_at(files, tmp_path):
    issued = trustme.CA().issue_cert("node-1", not_after=datetime.now(UTC) + timedelta(days=9.5))
    certificate, key = tmp_path / "node.pem", tmp_path / "node.key"
    certificate.write_bytes(issued.cert_chain_pems[0].bytes())
    key.write_bytes(issued.private_key_pem.bytes())
    pair = {"certificate": str(certificate), "private_key": str(key)}
    files.node["certificates"] = pair
    files.node["peer_certificates"] = {**pair, "authorities": str(tmp_path / "gone.pem")}
    status, found = files.findings()
    assert status == 1
    assert found["certificates.http.node.pem"]["severity"] == "warning"
    assert found["certificates.http.node.key"]["severity"] == "ok"
    assert found["certificates.peers.node.pem"]["severity"] == "warning"
    assert found["certificates.peers.gone.pem"]["severity"] == "error"
