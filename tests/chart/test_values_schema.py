"""The values of the chart: what the schema takes, what it refuses, and what its README says of them. Without helm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts import chart_readme
from tests.chart.chart_files import CHART, EXAMPLES, SCHEMA, TRIAL, VALUES, merged, values_of
from tests.chart.refusals import SCHEMA_REFUSALS
from tests.support.schemas import jsonschema

VALIDATOR = jsonschema.Draft7Validator(SCHEMA)


def test_the_schema_is_one() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_taken(example: Path) -> None:
    assert list(VALIDATOR.iter_errors(values_of(example))) == []


@pytest.mark.parametrize("wrong", SCHEMA_REFUSALS)
def test_what_is_wrong_is_refused(wrong: str) -> None:
    assert list(VALIDATOR.iter_errors(merged(values_of(TRIAL), SCHEMA_REFUSALS[wrong]))) != []


@pytest.mark.parametrize("timeout", range(2, 61))
def test_the_rules_of_leadership_hold_for_each_session_time_out(timeout: int) -> None:
    def taken(heartbeat: float, tick: float, budget: float) -> bool:
        zookeeper = {"sessionTimeoutSeconds": timeout, "heartbeatSeconds": heartbeat, "tickSeconds": tick}
        values = merged(values_of(TRIAL), {"zookeeper": zookeeper, "pushBudgetSeconds": budget})
        return VALIDATOR.is_valid(values)

    assert taken(timeout / 8, timeout / 2, int(timeout / 3 * 1000) / 1000)
    assert not taken(timeout / 8 + 0.01, timeout / 2, 0.5)
    assert not taken(timeout / 8, timeout / 2 + 0.01, 0.5)
    assert not taken(timeout / 8, timeout / 2, timeout / 3 + 0.01)


def properties(schema: Any, prefix: str = "") -> set[str]:
    """Keys with fixed names that a schema takes, as far as it names keys below."""
    reference = schema.get("$ref", "").removeprefix("#/definitions/")
    named = (SCHEMA["definitions"][reference] if reference else schema).get("properties", {})
    return {
        path for key, below in named.items() for path in (properties(below, f"{prefix}{key}.") or {f"{prefix}{key}"})
    }


def leaves(values: Any, prefix: str = "") -> set[str]:
    """Keys of values."""
    if not isinstance(values, dict) or not values:
        return {prefix.removesuffix(".")}
    return {path for key, value in values.items() for path in leaves(value, f"{prefix}{key}.")}


def test_schema_and_values_know_the_same_keys() -> None:
    known = properties(SCHEMA) - {"global", "resources.requests", "resources.limits", "resources.claims"} | {
        "resources"
    }
    free = {"monitoring.dashboards.labels", "networkPolicy.dns", "zookeeper.bundled.resources"}
    found = {next((place for place in free if key.startswith(f"{place}.")), key) for key in leaves(VALUES)}
    assert found == known


def test_the_readme_is_up_to_date_and_what_is_shared_has_one_source() -> None:
    assert chart_readme.main(["--check"]) == 0


def test_a_value_without_a_description_is_found() -> None:
    text = "## @section A\n## @param known It.\n## @param gone It was.\n"
    assert list(chart_readme.faults(text, {"known": 1, "new": {"part": 2}})) == [
        "values.yaml: new.part: no line `## @param new.part`",
        "values.yaml: `## @param gone`: no such value",
    ]


def test_the_versions_of_the_chart_are_those_of_the_project() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    project = (CHART.parents[1] / "pyproject.toml").read_text()
    assert f'\nversion = "{chart["appVersion"]}"\n' in project
