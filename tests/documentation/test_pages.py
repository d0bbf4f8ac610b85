"""What pages list by hand is what the code has."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTAINERS = {"cluster": "cluster-layers", "pacing_node": "node-layers", "simulator": "simulator-layers"}


@pytest.mark.parametrize("package", CONTAINERS)
def test_the_layers_of_the_architecture_are_those_of_the_contract(package: str) -> None:
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    layers = contracts[f"importlinter:contract:{CONTAINERS[package]}"]["layers"].split("\n")
    wanted = [sorted(name.strip() for name in layer.split("|")) for layer in layers if layer.strip()]

    page = (ROOT / "docs" / "architecture.md").read_text()
    section = page.split(f"### {package}\n", 1)[1].split("\n#", 1)[0]
    rows = re.findall(r"^\| (\d+) \| ([^|]+) \|", section, flags=re.MULTILINE)

    assert [sorted(re.findall(r"`(\w+)`", names)) for _, names in rows] == wanted
    assert [int(number) for number, _ in rows] == list(range(len(wanted), 0, -1))


def test_every_path_a_page_names_exists() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    named = {
        (page.name, path)
        for page in pages
        for path in re.findall(
            r"`((?:cluster|docs|examples|pacing_node|proto|scripts|simulator|tests)/[^`<>*\s]+)`", page.read_text()
        )
    }

    assert len(named) > 50
    made = {line.strip("/\n") for line in (ROOT / ".gitignore").read_text().splitlines()}
    assert sorted(each for each in named if not (ROOT / each[1]).exists() and each[1] not in made) == []


def test_every_metric_a_page_names_is_made() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "pacing_node").rglob("*.py"))
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    named = {
        (page.name, metric)
        for page in pages
        for metric in re.findall(r"`[^`]*?\b(pacing_(?!node\b)[a-z_]+)", page.read_text())
    }

    def made(metric: str) -> bool:
        return f'"{metric.removesuffix("_total")}"' in sources or metric.startswith("pacing_target_")

    assert len(named) > 5
    assert sorted(each for each in named if not made(each[1])) == []


def test_every_event_of_the_log_that_reasons_name_is_logged() -> None:
    sources = "".join(path.read_text() for name in ("cluster", "pacing_node") for path in (ROOT / name).rglob("*.py"))
    page = (ROOT / "docs" / "reasons.md").read_text()
    named = set(re.findall(r"`((?:cycle|leadership|push)\.[a-z_]+)`", page))

    assert "leadership.waits" in named
    assert sorted(event for event in named if f'"{event}"' not in sources) == []
