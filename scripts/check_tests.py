"""Checks that tests wait for events: no test sleeps, and no loop of a test module sleeps until something has come.

`until` of tests/support/waiting.py waits for what must happen, `still` watches what must not. What may sleep: a
stand-in (a function inside a test, or one whose loop, if any, never ends), a turn of the event loop (`sleep(0)`), and
modules whose time is virtual (the mark `looptime`).
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
Function = ast.FunctionDef | ast.AsyncFunctionDef


def is_sleep(node: ast.AST) -> bool:
    """Whether this is a call of `time.sleep` or `asyncio.sleep` for more than a turn of the event loop."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="time" | "asyncio"), attr="sleep"), args=[ast.Constant(0)]):
            return False
        case ast.Call(func=ast.Attribute(value=ast.Name(id="time" | "asyncio"), attr="sleep")):
            return True
    return False


def looks(node: ast.AST) -> bool:
    """Whether this is a loop that ends when it has found something; one that goes on for ever is a slow server's."""
    match node:
        case ast.While(test=ast.Constant(True)) | ast.For() | ast.AsyncFor():
            return any(isinstance(each, ast.Break | ast.Return) for each in ast.walk(node))
    return isinstance(node, ast.While)


def sleeps(node: ast.AST, *, test: bool, loop: bool = False) -> list[int]:
    """Lines of the sleeps below a node that wait for something: in a test itself, or in a loop of its helpers."""
    found: list[int] = []
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            # Inside a test a function is the behaviour of something else: a slow server, an order given later.
            found += [] if test else sleeps(child, test=child.name.startswith("test_"))
        else:
            if is_sleep(child) and (test or loop):
                found.append(child.lineno)  # type: ignore[attr-defined]
            found += sleeps(child, test=test, loop=loop or looks(child))
    return found


def faults_of(file: Path) -> list[str]:
    """What is wrong with a module of tests."""
    text = file.read_text()
    if "mark.looptime" in text:
        return []
    return [
        f"{file.relative_to(ROOT)}:{line}: waits for a fixed time; use until or still of tests/support/waiting.py"
        for line in sleeps(ast.parse(text), test=False)
    ]


def main() -> int:
    """Print what is wrong; 1 when anything is."""
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    faults = [fault for file in files for fault in faults_of(file)]
    print("\n".join([*faults, f"{len(files)} modules of tests, {len(faults)} faults"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
