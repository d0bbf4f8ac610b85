"""The words an operator meets, with what they mean: read from the text under each member of an enumeration.

What a member means is the text as far as `` Look at: ``; what follows is what to look at or to do.
"""

from __future__ import annotations

import ast
from importlib.util import find_spec
from pathlib import Path

_MARK = "Look at:"


class UndocumentedError(ValueError):
    """A member of an enumeration has no text under it."""


def meanings(module: str, name: str) -> dict[str, tuple[str, str]]:
    """What each member of an enumeration means and what to look at, by its value.

    Read from the source, for Python keeps no such texts; no module of another package is imported for it.
    Raises UndocumentedError.
    """
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    tree = ast.parse(Path(spec.origin).read_text())
    (found,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    made: dict[str, tuple[str, str]] = {}
    for member, after in zip(found.body, [*found.body[1:], None], strict=True):
        if not isinstance(member, ast.Assign) or not isinstance(member.value, ast.Constant):
            continue
        target = member.targets[0]
        assert isinstance(target, ast.Name)
        value = member.value.value
        text = after.value.value if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else None
        if not isinstance(text, str):
            raise UndocumentedError(f"{module}.{name}.{target.id}: found no text under it; allowed: what it means")
        meaning, _, look = " ".join(text.split()).partition(f" {_MARK} ")
        # Numbers are for the wire: people see the name.
        made[value if isinstance(value, str) else target.id.lower()] = meaning, look
    return made
