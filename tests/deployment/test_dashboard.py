"""The dashboard is one that Grafana can load, of metrics that exist."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from tests.deployment.queries import dashboard, documented_metrics, queries_of_dashboard, recorded, unknown_metrics
from tests.support.schemas import jsonschema

SCHEMA = json.loads(Path(__file__).with_name("dashboard.schema.json").read_text())


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = dashboard()["panels"]
    return found


def test_the_dashboard_fits_the_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(dashboard(), SCHEMA)


def test_panels_have_their_own_numbers_titles_and_places() -> None:
    assert len({panel["id"] for panel in panels()}) == len({panel["title"] for panel in panels()}) == len(panels())
    for one, other in itertools.combinations((panel["gridPos"] for panel in panels()), 2):
        apart = [
            one[at] + one[size] <= other[at] or other[at] + other[size] <= one[at]
            for at, size in (("x", "w"), ("y", "h"))
        ]
        assert any(apart), (one, other)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels())


def test_every_metric_of_the_dashboard_exists() -> None:
    assert unknown_metrics(queries_of_dashboard(), documented_metrics() | recorded()) == set()


@pytest.mark.parametrize("place", [{"datasource": "Prometheus"}, {"targets": []}, {"type": "graph"}, {"unknown": 1}])
def test_a_panel_that_grafana_would_not_show_is_refused(place: dict[str, Any]) -> None:
    page = dashboard()
    page["panels"][1] |= place
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(page, SCHEMA)
