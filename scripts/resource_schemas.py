"""Write JSON schemas for kubeconform from definitions of custom resources (CRDs).

Usage: resource_schemas.py DIRECTORY FILE...

A schema is called KIND-GROUP-VERSION.json, the group by its first part, and refuses keys its definition does not name.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml


class Loader(yaml.CSafeLoader):
    """Takes a bare ``=`` for text, as Kubernetes does, and not for YAML 1.1's default value."""


Loader.add_constructor("tag:yaml.org,2002:value", lambda loader, node: loader.construct_scalar(node))


def strict(schema: Any) -> Any:
    """The schema with other keys refused where it lists those it knows."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: strict(value) for key, value in schema.items() if key not in {"description", "format"}}
    if isinstance(made.get("properties"), dict) and not made.get("x-kubernetes-preserve-unknown-fields"):
        made.setdefault("additionalProperties", False)
    if made.pop("x-kubernetes-int-or-string", False):
        made = {"type": ["integer", "string"]}
    return made


def write(directory: Path, definition: dict[str, Any]) -> int:
    """Write the schema of each version; how many there are."""
    spec = definition["spec"]
    for version in spec["versions"]:
        schema = strict(version["schema"]["openAPIV3Schema"])
        schema["properties"]["metadata"] = {"type": "object"}
        parts = [spec["names"]["kind"].lower(), spec["group"].partition(".")[0], version["name"]]
        (directory / f"{'-'.join(parts)}.json").write_text(json.dumps(schema))
    return len(spec["versions"])


def main(arguments: list[str]) -> int:
    """Run the command; returns its exit status."""
    if len(arguments) < 2:
        sys.stderr.write(__doc__ or "")
        return 2
    directory = Path(arguments[0])
    directory.mkdir(parents=True, exist_ok=True)
    documents = [each for file in arguments[1:] for each in yaml.load_all(Path(file).read_text(), Loader)]
    definitions = [each for each in documents if each and each.get("kind") == "CustomResourceDefinition"]
    print(f"{sum(write(directory, each) for each in definitions)} custom resources")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
