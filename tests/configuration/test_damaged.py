"""17,000 damaged configurations and replies: refused with reasons, or used in part; never an exception."""

from __future__ import annotations

import random
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pacing_node.discovery.discover import discover
from pacing_node.objects.object_files import objects_of
from pacing_node.objects.packed_items import PackedDocument
from pacing_node.objects.platform_objects import objects_from_platform
from pacing_node.options.cluster_options import parse_cluster_options
from pacing_node.options.errors import ConfigurationError
from pacing_node.options.yaml_documents import parse_document

if TYPE_CHECKING:
    from collections.abc import Callable

    from pacing_node.targets import TargetSet

EXAMPLES = Path(__file__).parents[2] / "examples"
ODD = [
    "",
    "~",
    "[]",
    "{}",
    "-1",
    "1e999",
    ".nan",
    "0x1F",
    "yes",
    "!!binary aGk=",
    "&a [*a]",
    "*a",
    "'",
    "|",
    "\x00",
    "é",
]
ODD += [
    "2026-11-22",
    "99999999999999999999",
    "[[[[]]]]",
    "{a: {b: c}}",
    "? x",
    "<<: {a: 1}",
    "Skill(",
    '"\\ud800"',
    "%",
]


def damaged(text: str, chance: random.Random) -> str:
    """The text with up to three of its lines or values lost, doubled, moved or replaced."""
    lines = text.splitlines()
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(lines))
        way = chance.randrange(6)
        if way == 0:
            del lines[place]
        elif way == 1:
            lines.insert(chance.randrange(len(lines)), lines[place])
        elif way == 2:
            lines[place] = " " * chance.randint(0, 5) + lines[place].lstrip()
        elif way == 3:
            key, colon, _ = lines[place].rpartition(":")
            lines[place] = f"{key}{colon} {chance.choice(ODD)}"
        elif way == 4:
            at = chance.randrange(len(lines[place]) + 1)
            lines[place] = lines[place][:at] + chance.choice([*ODD, ":", ",", "}", "]", "\t"]) + lines[place][at + 1 :]
        else:
            lines[place] = lines[place][: chance.randrange(len(lines[place]) + 1)]
        lines = lines or [""]
    return "\n".join(lines)


def refusal(read: Callable[[], object]) -> ConfigurationError | None:
    """Why it was refused; None when it was not. Anything else that is raised fails the test."""
    try:
        read()
    except ConfigurationError as error:
        return error
    return None


@pytest.mark.parametrize("seed", range(4))
def test_damaged_options_are_good_or_refused_with_places(seed: int) -> None:
    chance, text = random.Random(seed), (EXAMPLES / "cluster.yaml").read_text()
    found = [refusal(partial(parse_cluster_options, damaged(text, chance), "cluster.yaml")) for _ in range(2000)]
    refused = [error for error in found if error is not None]
    assert 400 < len(refused) < 2000, "some are refused, and some damage does no harm"
    assert all(error.problems for error in refused)
    problems = [problem for error in refused for problem in error.problems]
    assert all(problem.allowed and str(problem).startswith("cluster.yaml") for problem in problems)


@pytest.mark.parametrize("seed", range(4))
def test_damaged_objects_cost_no_more_than_themselves(seed: int) -> None:
    chance, text = random.Random(seed), (EXAMPLES / "objects.yaml").read_text()
    paced = 0

    def read() -> None:
        nonlocal paced
        objects = objects_of([PackedDocument(parse_document(damaged(text, chance), "objects.yaml"))])
        paced += bool(discover(objects).targets)

    found = [refusal(read) for _ in range(1000)]
    assert all(error.problems for error in found if error is not None)
    assert paced > 100, "targets that were not hit are still found"


def records() -> dict[str, list[dict[str, Any]]]:
    """Records as the platform configuration interface gives them."""
    queue = {"DBID": "11", "number": "VQ", "name": "VQ", "type": "CFGVirtACDQueue", "switchDBID": "1", "state": "1"}
    group = {"DBID": "21", "name": "G", "routeDNDBIDs": ["11"], "state": "1"}
    return {
        "switches": [{"DBID": "1", "name": "sw"}],
        "dns": [queue | {"userProperties": {"pacing": {"media": "chat"}}}],
        "persons": [{"DBID": "31", "userName": "ann", "employeeID": "1", "isAgent": "2", "agentInfo": {"x": []}}],
        "agent-groups": [{"groupInfo": group, "agentDBIDs": ["31"]}],
        "skills": [{"DBID": "41", "name": "Spanish"}],
        "transactions": [{"DBID": "51", "name": "hybrid_integration", "type": "1", "userProperties": {"general": {}}}],
    }


def twisted(value: Any, chance: random.Random) -> Any:
    """The same with one part replaced by something of another type."""
    other: list[Any] = [None, True, -1, 1e308, "", "x", [], {}, [None], {"": None}, [[]], 10**30, "\ud800", "Skill("]
    if chance.random() < 0.15 or not isinstance(value, dict | list) or not value:
        return chance.choice(other)
    key = chance.choice(list(value) if isinstance(value, dict) else range(len(value)))
    copy = value.copy()
    copy[key] = twisted(value[key], chance)
    return copy


def discovered(lists: dict[str, list[Any]]) -> TargetSet:
    return discover(objects_from_platform(lists, "1"))


def test_twisted_replies_of_the_platform_are_objects_or_refused() -> None:
    chance = random.Random(7)
    assert discovered(records()).targets, "untwisted they make a target"
    for _ in range(5000):
        found = {kind: twisted(items, chance) if chance.random() < 0.4 else items for kind, items in records().items()}
        lists = {kind: items for kind, items in found.items() if isinstance(items, list)}
        error = refusal(partial(discovered, lists))
        assert error is None or error.problems
