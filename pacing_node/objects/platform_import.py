"""Turns saved replies of the platform configuration interface (GWS) into a YAML file of configuration objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from cluster.outside_text import load_json
from pacing_node.objects.gws_source import read_rules
from pacing_node.objects.platform_objects import TYPES, tree_from_platform
from pacing_node.options.errors import ConfigurationError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pacing_node.options.yaml_documents import Value

NEEDED = frozenset({"dns", "persons", "agent-groups"})
"""Types without which there are no targets."""


def import_replies(directory: Path, tenant: str = "", rules: Path | None = None) -> str:
    """Read ``<type>.json`` of every type from a directory and return the objects as YAML.

    A file holds a reply as it was received, or only its list.

    Raises:
        ConfigurationError: a needed file is missing, or a file is not such a reply; with every problem.
    """
    records: dict[str, list[Any]] = {}
    problems: list[Problem] = []
    for kind in TYPES:
        file = directory / f"{kind}.json"
        try:
            if kind in NEEDED or file.exists():
                records[kind] = _records(file, kind)
        except ConfigurationError as error:
            problems += error.problems
    if problems:
        raise ConfigurationError(tuple(problems))
    tree = tree_from_platform(records, read_rules(rules) if rules is not None else ())
    document = ({"tenant": tenant} if tenant else {}) | {
        kind: list(map(_readable, items)) for kind, items in tree.items()
    }
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)


def _records(file: Path, kind: str) -> list[Any]:
    try:
        body = load_json(file.read_bytes())
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise ConfigurationError((Problem(str(file), "", reason, "a readable file"),)) from error
    except (ValueError, RecursionError) as error:
        raise ConfigurationError((Problem(str(file), "", "a text that is not JSON", "a saved reply"),)) from error
    items = body.get(kind) if isinstance(body, dict) else body
    if not isinstance(items, list):
        raise ConfigurationError((Problem(str(file), kind, "no list", f"a reply with a list {kind!r}, or the list"),))
    return items


def _readable(item: Value) -> Value:
    """An object without the fields that hold nothing."""
    if not isinstance(item, dict):
        return item
    return dict(_filled(item))


def _filled(item: dict[str, Value]) -> Iterator[tuple[str, Value]]:
    for key, value in item.items():
        if value not in ("", {}, [], None) and (key, value) != ("enabled", "true"):
            yield key, value
