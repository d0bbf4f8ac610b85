"""What an option means: the docstring below its field, read from the source when somebody asks.

pydantic reads them for every model while it is made (`use_attribute_docstrings`); a tenth of the time in which a node
starts went there, for a text that help and documentation alone need.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel


@cache
def meanings(model: type[BaseModel]) -> Mapping[str, str]:
    """Docstring of each documented field of a model by the field's name, in one line; those of its bases too."""
    found: dict[str, str] = {}
    for each in reversed(model.__mro__):
        if each.__module__ == "builtins" or each.__module__.startswith(("pydantic.", "abc")):
            continue
        found |= _of_class(each)
    return found


def _of_class(model: type) -> dict[str, str]:
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    assert isinstance(definition, ast.ClassDef)
    found = {}
    for field, below in pairwise(definition.body):
        text = below.value.value if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) else None
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, str):
            found[field.target.id] = " ".join(text.split())
    return found
