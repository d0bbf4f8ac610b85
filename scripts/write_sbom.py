"""Write what a node is made of as a CycloneDX document: this project and its locked packages, with their hashes.

Usage: python scripts/write_sbom.py LOCK

From the lock file and not from an installation: the same on every machine, and the same bytes each time. The time in it
is that of SOURCE_DATE_EPOCH. Needs the standard library only.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tomllib
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_PACKAGE = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ ;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def components(lock: str) -> list[dict[str, Any]]:
    """Every locked package with the digests any of its files may have."""
    found: list[dict[str, Any]] = []
    for line in lock.splitlines():
        if match := _PACKAGE.match(line):
            name, version = match.groups()
            found.append(_component(name, version))
        elif match := _HASH.search(line):
            found[-1]["properties"].append({"name": "pip:hash:sha256", "value": match.group(1)})
    return found


def _component(name: str, version: str) -> dict[str, Any]:
    url = f"pkg:pypi/{name.lower().replace('_', '-')}@{version}"
    return {"type": "library", "bom-ref": url, "name": name, "version": version, "purl": url, "properties": []}


def document(project: dict[str, Any], lock: str, seconds: int) -> dict[str, Any]:
    """The whole document; its number follows from its content."""
    own = _component(project["name"], project["version"]) | {"type": "application"}
    del own["properties"]
    parts = components(lock)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, own['purl'] + lock)}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z"),
            "component": own | {"licenses": [{"license": {"id": project["license"]}}]},
        },
        "components": parts,
        "dependencies": [{"ref": own["bom-ref"], "dependsOn": [part["bom-ref"] for part in parts]}],
    }


def main(arguments: list[str]) -> int:
    """Run the command; returns its exit status."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    made = document(project, Path(arguments[0]).read_text(), int(os.environ.get("SOURCE_DATE_EPOCH", "315532800")))
    print(json.dumps(made, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
