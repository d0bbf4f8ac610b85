"""Options of the cluster: spellings, ranges, combinations, and when a change takes effect."""

from __future__ import annotations

import pytest

from pacing_node.algorithms.model import Algorithm, OptimizationTarget
from pacing_node.options.cluster_options import (
    ClusterOptions,
    advice,
    changed_options,
    cluster_option_list,
    parse_cluster_options,
    restart_needed,
)
from pacing_node.options.errors import ConfigurationError

CONNECTIONS = "configServer: {path: objects.yaml}\nstatServer: {primary: 'stat1:7000'}\n"


def read(text: str) -> ClusterOptions:
    return parse_cluster_options(CONNECTIONS + text, "cluster.yaml")


def problems_of(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        parse_cluster_options(text, "cluster.yaml")
    return str(caught.value).splitlines()


def test_a_few_lines_are_enough() -> None:
    options = read("")

    assert options.tenant == "Environment"
    assert options.pacing.algorithm is Algorithm.LOOKAHEAD
    assert options.pacing.optimization_target is OptimizationTarget.ABANDONMENT_RATE
    assert options.pacing.goal_percent == 3.0
    assert options.pacing.refresh_seconds == 5.0
    assert options.pacing_endpoint.target_endpoint == "v2/journey/actiontargets/bulk"
    assert options.forward_proxy is None
    assert options.message_server is None


def test_both_spellings_mean_the_same() -> None:
    ours = read("pacing: {algorithm: PREDICTIVE_B_DUAL, optimizationGoal: 4, proactiveRatio: 60, refreshPeriod: 2}")
    engagement = read(
        "service:pacing:\n"
        "  pacing.connector.algorithm: PREDICTIVE_B_DUAL\n"
        "  pacing.connector.optimizationGoal: 4\n"
        "  pacing.connector.optimizationTarget: ABANDONEMENT_RATE\n"
        "  pacing.connector.proactiveRatio: 60\n"
        "  pacing.connector.refreshPeriod: 2\n",
    )

    assert ours == engagement
    assert changed_options(ours, engagement) == ()


def test_an_option_in_two_spellings_is_refused() -> None:
    assert problems_of(CONNECTIONS + "pacing: {refreshPeriod: 2, pacing.connector.refreshPeriod: 3}") == [
        (
            "cluster.yaml:3:28: pacing.pacing.connector.refreshPeriod: found the option again (also refreshPeriod); "
            "allowed: one spelling"
        ),
    ]


@pytest.mark.parametrize("value", ["0", "3", "100", "4.5"])
def test_any_percentage_is_a_goal_for_the_abandonment_rate(value: str) -> None:
    assert read(f"pacing: {{optimizationGoal: {value}}}").pacing.goal_percent == float(value)


@pytest.mark.parametrize("value", ["-0.1", "100.5", "nan", "inf", "3 %"])
def test_a_goal_that_is_no_percentage_is_refused(value: str) -> None:
    (problem,) = problems_of(CONNECTIONS + f"pacing: {{optimizationGoal: {value}}}")

    assert problem.startswith(f"cluster.yaml:3:10: pacing.optimizationGoal: found '{value}'; allowed: ")
    assert "a number from 0 to 100" in problem


def test_a_busy_factor_needs_a_goal_of_its_own_range() -> None:
    allowed = "allowed: with BUSY_FACTOR a number from 1 to 99, 70 to 85 advised"

    assert read("pacing: {optimizationTarget: BUSY_FACTOR, optimizationGoal: 80}").pacing.goal_percent == 80.0
    assert problems_of(CONNECTIONS + "pacing: {optimizationTarget: BUSY_FACTOR}") == [
        f"cluster.yaml:3:1: pacing.optimizationGoal: found nothing; {allowed}",
    ]
    assert problems_of(CONNECTIONS + "pacing: {optimizationTarget: BUSY_FACTOR, optimizationGoal: 100}") == [
        f"cluster.yaml:3:43: pacing.optimizationGoal: found '100'; {allowed}",
    ]


def test_a_dual_algorithm_needs_the_proactive_ratio() -> None:
    assert problems_of(CONNECTIONS + "pacing: {algorithm: SUPER_PROGRESSIVE_DUAL}") == [
        (
            "cluster.yaml:3:1: pacing.proactiveRatio: found nothing; "
            "allowed: a number from 0 to 100, which SUPER_PROGRESSIVE_DUAL needs"
        ),
    ]


def test_every_problem_is_said_at_once() -> None:
    assert problems_of(
        "tennant: a\n"
        "statServer: {primary: stat1, backup: 'stat2:7000'}\n"
        "pacing: {algorithm: SUPER, refreshPeriod: 0.5, refreshperiod: 2}\n"
        "pacingEndpoint: {maxEntitiesPerRequest: 1.5, targetEndpoint: 'a b'}\n"
        "forward-proxy: {port: 3128, password: [hush]}\n"
        "log: {verbose: loud, segment: 10 GB, expire: never}\n"
        "metrics: on\n",
    ) == [
        "cluster.yaml:1:1: tennant: found an unknown key; allowed: did you mean tenant?",
        "cluster.yaml:1:1: configServer: found nothing; allowed: a section with kind and path or primary",
        "cluster.yaml:2:14: statServer.primary: found 'stat1'; allowed: host:port, for example server1:7000",
        (
            "cluster.yaml:3:10: pacing.algorithm: found 'SUPER'; allowed: one of SUPER_PROGRESSIVE, PREDICTIVE_B, "
            "SUPER_PROGRESSIVE_DUAL, PREDICTIVE_B_DUAL, LOOKAHEAD, LOOKAHEAD_DUAL"
        ),
        "cluster.yaml:3:28: pacing.refreshPeriod: found '0.5'; allowed: a number from 1 to 3600",
        "cluster.yaml:3:48: pacing.refreshperiod: found an unknown key; allowed: did you mean refreshPeriod?",
        (
            "cluster.yaml:4:18: pacingEndpoint.maxEntitiesPerRequest: found '1.5'; "
            "allowed: a whole number from 1 to 100000"
        ),
        "cluster.yaml:4:46: pacingEndpoint.targetEndpoint: found 'a b'; allowed: a path without blanks",
        (
            "cluster.yaml:5:1: forward-proxy.host: found nothing; "
            "allowed: a host name or address without a port, for example node1, 10.0.0.1 or fd00::1"
        ),
        "cluster.yaml:5:29: forward-proxy.password: found a list of 1; allowed: text",
        "cluster.yaml:6:7: log.verbose: found 'loud'; allowed: one of all, debug, trace, interaction, standard, none",
        (
            "cluster.yaml:6:22: log.segment: found '10 GB'; "
            "allowed: false, a size such as 1000 KB or 100 MB, or a time such as 24 hr"
        ),
        (
            "cluster.yaml:6:38: log.expire: found 'never'; "
            "allowed: false, a number of files such as 10 file, or an age such as 7 day"
        ),
        "cluster.yaml:7:1: metrics: found 'on'; allowed: a section",
    ]


def test_each_kind_of_source_needs_its_own_address() -> None:
    stat = "statServer: {primary: 'stat1:7000'}\n"

    assert problems_of(stat + "configServer: {kind: bridge, path: x}") == [
        "cluster.yaml:2:1: configServer.primary: found nothing; allowed: host:port, which the kind bridge needs",
    ]
    assert problems_of(stat + "configServer: {kind: file}") == [
        "cluster.yaml:2:1: configServer.path: found nothing; allowed: a file or directory, which the kind file needs",
    ]


def test_a_webhook_needs_its_address_and_hides_its_secrets() -> None:
    assert problems_of(CONNECTIONS + "pacingEndpoint: {kind: webhook}") == [
        (
            "cluster.yaml:3:1: pacingEndpoint.url: found nothing; "
            "allowed: an address that begins with http:// or https://, which the kind webhook needs"
        ),
    ]
    (problem,) = problems_of(CONNECTIONS + "pacingEndpoint: {kind: webhook, url: 'ftp://x'}")
    assert problem.endswith(
        "allowed: an address that begins with http:// or https://, without user, password and blanks"
    )

    options = read("pacingEndpoint: {kind: webhook, url: 'https://x/push', token: hush, signingKey: hush}")
    assert options.pacing_endpoint.url == "https://x/push"
    assert "hush" not in repr(options)


def test_conditional_writes_are_for_a_webhook() -> None:
    options = read("pacingEndpoint: {kind: webhook, url: 'https://x/push', fencing: if-match}")
    assert options.pacing_endpoint.fencing == "if-match"
    (problem,) = problems_of(CONNECTIONS + "pacingEndpoint: {fencing: if-match}")
    assert "pacingEndpoint.fencing: found 'if-match'" in problem
    assert "allowed: token or none for the kind predictive-engagement" in problem


def test_optional_sections_can_be_the_word_none() -> None:
    options = read("forward-proxy: none\nmessageServer: none\n")

    assert options.forward_proxy is None
    assert options.message_server is None


def test_log_outputs_are_lists_or_separated_by_commas() -> None:
    options = read("log: {verbose: all, standard: 'stdout, network', trace: [trace.log]}")

    assert options.log.standard == ("stdout", "network")
    assert options.log.trace == ("trace.log",)


def test_a_change_of_pacing_is_live_and_one_of_a_connection_needs_a_restart() -> None:
    before = read("")
    pacing = read("pacing: {refreshPeriod: 2}\nlog: {verbose: debug}\nforward-proxy: {host: proxy, port: 3128}")
    assert [".".join(option.key) for option in changed_options(before, pacing)][:2] == [
        "log.verbose",
        "pacing.refreshPeriod",
    ]
    assert restart_needed(before, pacing) == ()

    moved = parse_cluster_options(
        "tenant: Other\nconfigServer: {path: objects.yaml}\nstatServer: {primary: 'stat9:7000'}\n", "cluster.yaml"
    )
    assert restart_needed(before, moved) == ("tenant", "statServer.primary")


def test_what_is_allowed_but_likely_not_meant_gets_advice() -> None:
    assert advice(read("")) == ()
    (far,) = advice(read("pacing: {optimizationGoal: 70}"))
    assert (far.severity, far.code) == ("warning", "goal_far_from_advised")
    assert far.message == "the goal 70 is far from the 3 to 5 advised for ABANDONMENT_RATE"
    (low,) = advice(read("pacing: {optimizationTarget: BUSY_FACTOR, optimizationGoal: 3}"))
    assert low.message == "the goal 3 is far from the 70 to 85 advised for BUSY_FACTOR"
    (unused,) = advice(read("pacing: {proactiveRatio: 50}"))
    assert unused.code == "option_not_used"


def test_every_option_has_a_meaning_and_says_what_it_allows() -> None:
    for option in cluster_option_list():
        assert option.meaning, option.key
        assert option.allowed, option.key


def test_no_secret_shows_in_texts() -> None:
    options = read("forward-proxy: {host: proxy, port: 3128, user: u, password: hush}")

    assert "hush" not in repr(options) + str(options) + str(options.model_dump())
    assert options.forward_proxy is not None
    assert options.forward_proxy.password is not None
    assert options.forward_proxy.password.get_secret_value() == "hush"


@pytest.mark.parametrize("output", ["Stdout", "NETWORK", "/", "..", "~nobody-by-this-name/pacing.log", '"a\\0.log"'])
def test_an_output_of_the_log_that_is_neither_word_nor_file_is_refused(output: str) -> None:
    (problem,) = problems_of(f"{CONNECTIONS}log:\n  standard: {output}\n")
    assert problem.startswith("cluster.yaml:4:3: log.standard: found ")


def test_a_file_of_the_log_can_be_in_the_home_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/pacing")
    assert read("log: {standard: 'stdout, ~/pacing.log'}").log.standard == ("stdout", "/home/pacing/pacing.log")


@pytest.mark.parametrize("section", ["pacingEndpoint: {authorities: ~nobody-by-this-name/ca.pem}", "log: {expire: ''}"])
def test_an_option_that_cannot_be_read_here_is_a_problem_and_no_failure(section: str) -> None:
    assert len(problems_of(CONNECTIONS + section)) == 1
