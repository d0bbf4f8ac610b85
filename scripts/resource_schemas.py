"""Write JSON schemas for kubeconform from Kubernetes' own description of its objects, or from definitions of others.

Usage: resource_schemas.py DIRECTORY FILE...

A file is the `swagger.json` of a Kubernetes version, or YAML with definitions of custom resources (CRDs). A schema is
called KIND[-GROUP]-VERSION.json, the group by its first part, and refuses keys that its definition does not name.
"""

from __future__ import annotations

import argparse
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
    if isinstance(made.get("properties"), dict) and made.get("x-kubernetes-preserve-unknown-fields") is not True:
        made.setdefault("additionalProperties", False)
    # A description of schemas has properties of these names itself.
    if made.get("x-kubernetes-int-or-string") is True:
        made = {"type": ["integer", "string"]}
    return made


_OPEN = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"type": ["integer", "string"]},
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": ["number", "string"]},
}
"""What the description calls a string, and Kubernetes takes numbers for too."""


def located(schema: Any) -> Any:
    """The schema with references into the file of all definitions."""
    if isinstance(schema, list):
        return [located(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: f"all.json{value}" if key == "$ref" else located(value) for key, value in schema.items()}


def write_description(directory: Path, description: dict[str, Any]) -> int:
    """Write a schema for each kind of object of a Kubernetes version; how many there are."""
    every = {name: _OPEN.get(name) or strict(body) for name, body in description["definitions"].items()}
    (directory / "all.json").write_text(json.dumps({"definitions": every}))
    count = 0
    for name, body in description["definitions"].items():
        if "metadata" not in body.get("properties", {}):
            continue
        for kind in body.get("x-kubernetes-group-version-kind", ()):
            schema = located(every[name])
            version = "/".join(filter(None, (kind["group"], kind["version"])))
            own = {"apiVersion": {"const": version}, "kind": {"const": kind["kind"]}}
            schema = schema | {"properties": schema["properties"] | own, "required": ["apiVersion", "kind"]}
            parts = filter(None, (kind["kind"].lower(), kind["group"].partition(".")[0], kind["version"].lower()))
            (directory / f"{'-'.join(parts)}.json").write_text(json.dumps(schema))
            count += 1
    return count


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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path, help="where the schemas go")
    parser.add_argument("files", nargs="+", type=Path, help="descriptions (.json) or definitions (YAML)")
    given = parser.parse_args(arguments)
    directory: Path = given.directory
    directory.mkdir(parents=True, exist_ok=True)
    count = 0
    for file in given.files:
        if file.suffix == ".json":
            count += write_description(directory, json.loads(file.read_text()))
            continue
        for each in yaml.load_all(file.read_text(), Loader):
            if each and each.get("kind") == "CustomResourceDefinition":
                count += write(directory, each)
    print(f"{directory.name}: {count} kinds")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
