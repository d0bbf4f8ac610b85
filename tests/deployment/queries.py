"""Queries of the rules and of the dashboard, and the metrics they name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
DOCS = ROOT / "docs"
RULES = DEPLOY / "prometheus" / "rules.yml"
DASHBOARD = DEPLOY / "grafana" / "agent-pacing.json"
SELECTOR = re.compile(r"(?<![\w:])((?:cluster:)?pacing_\w+(?::\w+)?|up)(\{[^}]*\})?(?![\w(])")


def rules() -> list[dict[str, Any]]:
    """Every rule, recording and alert, in their order."""
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def recorded() -> set[str]:
    """Names of the series that the recording rules make."""
    return {rule["record"] for rule in rules() if "record" in rule}


def queries_of_rules() -> list[str]:
    return [rule["expr"] for rule in rules()]


def dashboard() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(DASHBOARD.read_text())
    return loaded


def queries_of_dashboard() -> list[str]:
    """Queries of all panels and annotations, with the variables of the dashboard filled in."""
    page = dashboard()
    asked = [target["expr"] for panel in page["panels"] for target in panel.get("targets", [])]
    asked += [each["expr"] for each in page["annotations"]["list"]]
    return [query.replace("$cluster", "pacing").replace("$__rate_interval", "1m") for query in asked]


def selectors(query: str) -> list[str]:
    """The series a query names, with their conditions."""
    return [name + (labels or "") for name, labels in SELECTOR.findall(re.sub(r"\b(?:by|on) \([^)]*\)", "", query))]


def unknown_metrics(queries: Iterable[str], known: set[str]) -> set[str]:
    """Metrics that queries name and that do not exist."""
    named = {selector.partition("{")[0] for query in queries for selector in selectors(query)}
    return named - known - {"up"}


def documented_metrics() -> set[str]:
    """Metrics of the page that is made from what a node serves; `make lint` compares the two."""
    return set(re.findall(r"^\| `(pacing_\w+)` \|", (DOCS / "metrics.md").read_text(), re.MULTILINE))
