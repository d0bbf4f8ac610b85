"""JSON Schema for tests: ``from tests.support.schemas import jsonschema``.

The library builds 38 parsers of IRIs as it is loaded, where `rfc3987_syntax` is installed: two seconds of processor
time in every process of tests. No schema here has the format `iri`, nor has that of a schema; the others are checked.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

__all__ = ["jsonschema"]


@contextlib.contextmanager
def _without(library: str) -> Iterator[None]:
    """Have an import of this library fail, as where it is not installed; nothing changes where it is loaded already."""
    if library in sys.modules:
        yield
        return
    sys.modules[library] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[library]


with _without("rfc3987_syntax"):
    import jsonschema
