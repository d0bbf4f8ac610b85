"""Options of a node: file, environment, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import structlog.testing

from pacing_node.options.errors import ConfigurationError
from pacing_node.options.node_options import describe_node_options, load_node_options

HOSTS = {"PACING_ZOOKEEPER_HOSTS": "a:1"}


def write(directory: Path, text: str) -> Path:
    path = directory / "node.yaml"
    path.write_text(text)
    return path


def problems_of(path: Path | None, environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load_node_options(path, environ or {})
    return [line.replace(f"{path}:", "node.yaml:") for line in str(caught.value).splitlines()]


def test_a_file_gives_what_it_says_and_defaults_for_the_rest(tmp_path: Path) -> None:
    path = write(tmp_path, "name: node-1\nzookeeper: {hosts: 'zk1:2181,zk2:2181,[::1]:2181'}\nports: {default: 0}\n")

    options = load_node_options(path, {})

    assert options.name == "node-1"
    assert options.cluster == "pacing"
    assert (options.ports.default, options.ports.clustering) == (0, 7800)
    assert (options.ports.health, options.health_bind) == (None, "127.0.0.1"), "off, and for this machine only"
    assert options.zookeeper is not None
    assert options.zookeeper.hosts == ("zk1:2181", "zk2:2181", "[::1]:2181")
    assert (options.zookeeper.session_timeout_seconds, options.zookeeper.heartbeat_seconds) == (4.0, 0.5)
    assert not options.standalone


def test_a_tick_above_half_of_the_session_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "zookeeper: {hosts: 'a:1', tick_seconds: 2.5}\n")
    assert problems_of(path) == [
        (
            "node.yaml:1:27: zookeeper.tick_seconds: found '2.5'; "
            "allowed: at most 2: ZooKeeper grants no session below two ticks"
        ),
    ]


def test_hosts_may_be_a_list(tmp_path: Path) -> None:
    options = load_node_options(write(tmp_path, "zookeeper:\n  hosts: [zk1:2181, zk2:2181]\n"), {})

    assert options.zookeeper is not None
    assert options.zookeeper.hosts == ("zk1:2181", "zk2:2181")


def test_the_word_none_makes_a_node_that_stands_alone(tmp_path: Path) -> None:
    assert load_node_options(write(tmp_path, "zookeeper: none"), {}).standalone
    assert load_node_options(None, {"PACING_ZOOKEEPER": "none"}).standalone


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    path = write(
        tmp_path, "name: from-file\nzookeeper: {hosts: 'a:1', session_timeout_seconds: 8}\nports: {default: 1}\n"
    )
    environ = {
        "PACING_NAME": "from-environment",
        "PACING_ZOOKEEPER_HOSTS": "b:2,c:3",
        "PACING_PORTS_CLUSTERING": "7801",
        "PACING_PUSH_BUDGET_SECONDS": "0.9",
        "PACING_SEED": "",
    }

    options = load_node_options(path, environ)

    assert options.name == "from-environment"
    assert options.zookeeper is not None
    assert options.zookeeper.hosts == ("b:2", "c:3")
    assert options.zookeeper.session_timeout_seconds == 8.0
    assert (options.ports.default, options.ports.clustering) == (1, 7801)
    assert options.push_budget_seconds == 0.9
    assert options.seed is None


def test_the_environment_can_turn_an_ensemble_off_and_on(tmp_path: Path) -> None:
    ensemble = write(tmp_path, "zookeeper: {hosts: 'a:1'}")
    assert load_node_options(ensemble, {"PACING_ZOOKEEPER": "none"}).standalone

    alone = write(tmp_path, "zookeeper: none")
    assert not load_node_options(alone, {"PACING_ZOOKEEPER_HOSTS": "a:1"}).standalone


def test_relative_paths_count_from_the_file_and_from_the_working_directory_in_the_environment(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "zookeeper:\n  hosts: a:1\n  tls: {authorities: ca.pem}\nseed: cluster.yaml\nstate_directory: /var/pacing\n",
    )

    options = load_node_options(path, {})
    assert options.seed == tmp_path / "cluster.yaml"
    assert options.state_directory == Path("/var/pacing")
    assert options.zookeeper is not None
    assert options.zookeeper.tls is not None
    assert options.zookeeper.tls.authorities == tmp_path / "ca.pem"

    assert load_node_options(path, {"PACING_SEED": "other.yaml"}).seed == Path("other.yaml")


def test_every_problem_is_said_at_once_with_line_key_found_and_allowed(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "nmae: x\n"
        "ports: {default: 80800, clustering: high}\n"
        "zookeeper:\n"
        "  hosts: zk1\n"
        "  heartbeat_seconds: 2\n"
        "  session_timeout_seconds: [4]\n"
        "push_budget_seconds: soon\n"
        "cluster: a/b\n"
        "log: {level: loud}\n",
    )

    assert problems_of(path) == [
        "node.yaml:1:1: nmae: found an unknown key; allowed: did you mean name?",
        "node.yaml:2:9: ports.default: found '80800'; allowed: a whole number from 0 to 65535; 0 is any free port",
        "node.yaml:2:25: ports.clustering: found 'high'; allowed: a whole number from 0 to 65535; 0 is any free port",
        (
            "node.yaml:4:3: zookeeper.hosts: found 'zk1'; "
            "allowed: host:port separated by commas, for example zk1:2181,zk2:2181,zk3:2181"
        ),
        "node.yaml:6:3: zookeeper.session_timeout_seconds: found a list of 1; allowed: a number from 2 to 60",
        (
            "node.yaml:7:1: push_budget_seconds: found 'soon'; "
            "allowed: a number from 0.1 to a third of the session time-out"
        ),
        ("node.yaml:8:1: cluster: found 'a/b'; allowed: letters, digits, dots, hyphens and underscores, at most 64"),
        "node.yaml:9:7: log.level: found 'loud'; allowed: one of debug, info, warning, error",
    ]


def test_times_that_would_break_the_lease_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "zookeeper: {hosts: 'a:1', session_timeout_seconds: 2, heartbeat_seconds: 0.5}\n")
    assert problems_of(path) == [
        (
            "node.yaml:1:55: zookeeper.heartbeat_seconds: found '0.5'; "
            "allowed: at most 0.25, an eighth of the session time-out of 2 s"
        ),
    ]

    session = "zookeeper: {hosts: 'a:1', session_timeout_seconds: 2, heartbeat_seconds: 0.2}\n"
    path = write(tmp_path, f"{session}push_budget_seconds: 1.2\n")
    assert problems_of(path) == [
        (
            "node.yaml:2:1: push_budget_seconds: found '1.2'; "
            "allowed: at most 0.667, a third of the session time-out of 2 s"
        ),
    ]


def test_the_most_a_push_may_get_follows_the_session_unless_given(tmp_path: Path) -> None:
    def most(text: str) -> float:
        return load_node_options(write(tmp_path, text)).longest_push_seconds

    assert most("zookeeper: {hosts: 'a:1', session_timeout_seconds: 3, heartbeat_seconds: 0.2}\n") == 1.0
    assert most("zookeeper: {hosts: 'a:1', session_timeout_seconds: 30}\n") == 4.0
    assert most("zookeeper: {hosts: 'a:1', session_timeout_seconds: 30}\npush_budget_seconds: 9\n") == 9.0
    assert most("zookeeper: none\n") == 4.0


def test_a_node_must_be_told_its_ensemble_or_that_there_is_none() -> None:
    assert problems_of(None) == [
        "node options: zookeeper: found nothing; allowed: a section with the hosts, or the word none",
    ]


def test_a_broken_variable_is_named_as_such() -> None:
    assert problems_of(None, {"PACING_ZOOKEEPER": "maybe", "PACING_PORTS_DEFAULT": "http", "PACING_CLUSTR": "x"}) == [
        "environment: PACING_CLUSTR: found an unknown variable; allowed: did you mean PACING_CLUSTER?",
        "environment: PACING_ZOOKEEPER: found 'maybe'; allowed: the word none",
        "environment: PACING_PORTS_DEFAULT: found 'http'; allowed: a whole number from 0 to 65535; 0 is any free port",
        "node options: zookeeper: found nothing; allowed: a section with the hosts, or the word none",
    ]


def test_variables_of_other_parties_are_left_alone() -> None:
    environ = {
        "PACING_ZOOKEEPER": "none",
        "PACING_SERVICE_HOST": "10.0.0.1",
        "PACING_NODE_SERVICE_PORT_HTTP": "8080",
        "PACING_PORT": "tcp://10.0.0.1:8080",
        "PACING_NODE_PORT_8080_TCP_ADDR": "10.0.0.1",
        "PACING_TEST_ZOOKEEPER": "/opt/zookeeper",
        "PACING_URL": "http://node-1:8080",
    }

    with structlog.testing.capture_logs() as logged:
        assert load_node_options(None, environ).standalone
    assert logged == []


def test_a_variable_that_looks_like_no_option_is_mentioned() -> None:
    with structlog.testing.capture_logs() as logged:
        assert load_node_options(None, {"PACING_ZOOKEEPER": "none", "PACING_COLOUR": "blue"}).standalone

    assert [(entry["event"], entry["variable"]) for entry in logged] == [
        ("environment.unknown_variable", "PACING_COLOUR"),
    ]


def test_no_secret_shows_in_texts_or_problems(tmp_path: Path) -> None:
    path = write(
        tmp_path, "zookeeper: {hosts: 'a:1', acl: {user: u, password: hush}, sasl: {user: u, password: hush}}\n"
    )
    options = load_node_options(path, {})
    assert "hush" not in repr(options) + str(options)

    path = write(
        tmp_path, "zookeeper: {hosts: 'a:1', acl: {user: u, password: {hush: hush}}, sasl: {password: [hush]}}\n"
    )
    assert "hush" not in "".join(problems_of(path))

    path = write(tmp_path, "zookeeper: {hosts: 'a:1', acl: 'user:hush', tls: hush}")
    assert problems_of(path) == [
        "node.yaml:1:27: zookeeper.acl: found a value that is not shown; allowed: a section",
        "node.yaml:1:45: zookeeper.tls: found a value that is not shown; allowed: a section",
    ]


def test_every_option_has_a_variable_of_its_own_and_a_meaning() -> None:
    rows = describe_node_options()

    variables = [variable for _, variable, _, _, _ in rows]
    assert len(set(variables)) == len(variables)
    assert all(meaning for *_, meaning in rows)
    assert ("ports.clustering", "PACING_PORTS_CLUSTERING") in [(key, variable) for key, variable, *_ in rows]
    assert (
        "log.format",
        "PACING_LOG_FORMAT",
        "one of json, text",
        "json",
        "One JSON object per line for programs, or text for people.",
    ) in rows


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("false", None), ("true", 600.0), ("120", 120.0), ("90.5", 90.5), ("no", None)],
)
def test_failsafe_is_off_on_or_a_longest_time(tmp_path: Path, said: str, seconds: float | None) -> None:
    path = write(tmp_path, f"zookeeper: {{hosts: 'a:1', failsafe: {said}}}\n")
    for options in (load_node_options(path, {}), load_node_options(None, {**HOSTS, "PACING_ZOOKEEPER_FAILSAFE": said})):
        assert options.zookeeper is not None
        assert options.zookeeper.failsafe_seconds == seconds


@pytest.mark.parametrize("said", ["5", "90000", "soon", "-1", "[]"])
def test_failsafe_of_any_other_kind_is_refused(tmp_path: Path, said: str) -> None:
    problems = problems_of(write(tmp_path, f"zookeeper: {{hosts: 'a:1', failsafe: {said}}}\n"))
    assert len(problems) == 1
    assert "zookeeper.failsafe: found" in problems[0]
    assert "10" in problems[0].split("; ")[1]


def test_failsafe_is_no_shorter_than_a_session(tmp_path: Path) -> None:
    options = "zookeeper: {hosts: 'a:1', session_timeout_seconds: 20, failsafe: 15}\n"
    assert "at least 20, and no less than the session time-out" in problems_of(write(tmp_path, options))[0]


@pytest.mark.parametrize("option", ["name", "cluster", "host", "state_directory", "seed"])
def test_a_line_break_at_the_end_of_a_value_is_no_part_of_it(option: str) -> None:
    """As a variable has it that was made from a file: a cluster of another name would be another cluster."""
    variable = f"PACING_{option.upper()}"
    (problem,) = problems_of(None, {"PACING_ZOOKEEPER": "none", variable: "value\n"})
    assert problem.startswith(f"environment: {variable}: found 'value '; allowed: ")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("''", "a path of characters that print"),
        ('"a\\0b"', "a path of characters that print"),
        ("~nobody-by-this-name/state", "a path; ~nobody-by-this-name has no home directory on this machine"),
    ],
)
def test_a_path_that_no_file_can_have_is_refused(tmp_path: Path, path: str, allowed: str) -> None:
    (problem,) = problems_of(write(tmp_path, f"zookeeper: none\nstate_directory: {path}\n"))
    assert problem.startswith("node.yaml:2:1: state_directory: found ")
    assert problem.endswith(f"; allowed: {allowed}")


@pytest.mark.parametrize("hosts", ["a:1, b:\u0661\u0662", '"a:1\\nb"'])
def test_an_address_has_a_port_of_plain_digits(tmp_path: Path, hosts: str) -> None:
    (problem,) = problems_of(write(tmp_path, f"zookeeper: {{hosts: '{hosts}'}}\n"))
    assert "zookeeper.hosts: found" in problem


def test_a_path_behind_the_hosts_is_shown_its_place(tmp_path: Path) -> None:
    (problem,) = problems_of(write(tmp_path, "zookeeper: {hosts: 'a:1,b:1/pacing'}\n"))
    assert problem.endswith("; a path below which everything is kept is zookeeper.root")
