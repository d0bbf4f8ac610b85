"""Alert rules: what they name exists, each alert is tested to fire, and has its section in the runbook."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.deployment.queries import (
    DEPLOY,
    DOCS,
    documented_metrics,
    queries_of_rules,
    recorded,
    rules,
    unknown_metrics,
)
from tests.support.packages import PATIENT, program

RULES = DEPLOY / "prometheus" / "rules.yml"
UNIT_TESTS = DEPLOY / "prometheus" / "rules_test.yml"
RUNBOOK = DOCS / "operations.md"
ALERTS = [rule for rule in rules() if "alert" in rule]


def promtool(*words: object) -> None:
    command = [program("promtool", "prometheus"), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=RULES.parent)
    assert done.returncode == 0, done.stdout + done.stderr


@PATIENT
def test_prometheus_takes_rules_and_configuration() -> None:
    promtool("check", "rules", RULES)
    promtool("check", "config", RULES.parent / "prometheus.yml")


@PATIENT
def test_the_rules_pass_their_unit_tests() -> None:
    promtool("test", "rules", UNIT_TESTS)


def unit_tests(*, firing: bool) -> set[str]:
    """Alerts that are expected to fire, or not to, in a unit test."""
    cases = yaml.safe_load(UNIT_TESTS.read_text())["tests"]
    judged = [alert for case in cases for alert in case["alert_rule_test"]]
    return {alert["alertname"] for alert in judged if bool(alert["exp_alerts"]) is firing}


def test_every_alert_fires_in_a_unit_test_and_keeps_quiet_in_another() -> None:
    names = {alert["alert"] for alert in ALERTS}
    assert len(names) > 20
    assert unit_tests(firing=True) == names
    assert unit_tests(firing=False) == names


def sections() -> Iterator[tuple[str, str]]:
    """Headings of the runbook's alerts, and the text below each."""
    parts = re.split(r"^### (Pacing\w+)$", RUNBOOK.read_text(), flags=re.MULTILINE)[1:]
    yield from zip(parts[::2], parts[1::2], strict=True)


def test_every_alert_has_its_section_in_the_runbook_and_no_section_lacks_its_alert() -> None:
    assert [name for name, _ in sections()] == [alert["alert"] for alert in ALERTS]


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_says_how_bad_it_is_what_is_wrong_and_where_to_read_on(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in {"critical", "warning"}
    assert set(alert["annotations"]) == {"summary", "description", "runbook"}
    assert alert["annotations"]["runbook"] == f"docs/operations.md#{alert['alert'].lower()}"
    text = dict(sections())[alert["alert"]]
    assert len(text.split()) > 15


def test_every_metric_of_the_rules_exists() -> None:
    assert unknown_metrics(queries_of_rules(), documented_metrics() | recorded()) == set()


def test_a_metric_that_does_not_exist_is_found() -> None:
    queries = ['rate(pacing_pushs_total{result="fenced"}[5m]) > cluster:pacing_mastr:sum', "up == 0", "pacing_master"]
    assert unknown_metrics(queries, documented_metrics() | recorded()) == {
        "pacing_pushs_total",
        "cluster:pacing_mastr:sum",
    }
