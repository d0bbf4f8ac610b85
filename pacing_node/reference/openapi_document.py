"""Writes the OpenAPI document of the API to a file, or checks that it is there: `docs/openapi/api-v1.json`.

Usage: python -m pacing_node.reference.openapi_document [--check] [FILE]

The document is generated from the types of the routes; a node serves the same at `/api/v1/openapi.json`.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from cluster.access.access_control import AccessControl
from cluster.access.audit_log import AuditLog
from pacing_node.api.v1.api_gate import ApiGate
from pacing_node.api.v1.api_parts import ApiParts
from pacing_node.api.v1.api_view import ApiView
from pacing_node.api.v1.v1_application import build_routes

FILE = Path("docs/openapi/api-v1.json")


def document_text() -> str:
    """The document, without the version of the program; no node is needed for it."""
    nothing: Any = dict.fromkeys(field.name for field in fields(ApiView))
    audit = AuditLog()
    gate = ApiGate(AccessControl(""), audit, reads=lambda: "viewer")
    standing_in: Any = SimpleNamespace(status=None, paused=None, documents=None)
    parts = ApiParts(ApiView(**nothing), gate, audit, standing_in, standing_in, standing_in, standing_in)
    document = build_routes(parts).openapi()
    document["info"]["version"] = "1"
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(description="Write the document of the API, or see whether it is up to date.")
    parser.add_argument("file", nargs="?", type=Path, default=FILE)
    parser.add_argument("--check", action="store_true", help="write nothing; status 1 when it would be written anew")
    given = parser.parse_args(arguments)
    file: Path = given.file
    if not given.check:
        file.write_text(document_text())
        return 0
    if file.read_text() == document_text():
        return 0
    sys.stdout.write(f"{file}: not up to date; run: python -m pacing_node.reference.openapi_document\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
