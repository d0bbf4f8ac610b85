"""Checks that tests wait for events and leave no connection behind: test modules, their helpers and every conftest.

No test sleeps, and no loop sleeps until something has come: `until` of tests/support/waiting.py waits for what must
happen, `still` watches what must not. What may sleep: a stand-in (a function inside a test, or one whose loop, if any,
never ends), a turn of the event loop (`sleep(0)`), and modules whose time is virtual (the mark `looptime`).

No server is opened bare: `listening` of tests/support/listening.py closes the connections of the one it opens.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MAY_SLEEP = {
    # What all others wait with.
    "tests/support/waiting.py",
    # Programs and servers of tests: their pauses are what they do.
    "tests/support/fault_proxy.py",
    "tests/support/pushing_worker.py",
    # Another process holds apt's lock, which tells nobody when it is free.
    "tests/support/packages.py",
}
MAY_LISTEN = {
    "tests/support/listening.py",
    # A program of its own: its end closes everything.
    "tests/support/recording_receiver.py",
}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def is_sleep(node: ast.AST) -> bool:
    """Whether this is a call of `time.sleep` or `asyncio.sleep` for more than a turn of the event loop."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="time" | "asyncio"), attr="sleep"), args=[ast.Constant(0)]):
            return False
        case ast.Call(func=ast.Attribute(value=ast.Name(id="time" | "asyncio"), attr="sleep")):
            return True
    return False


def is_bare_server(node: ast.AST) -> bool:
    """Whether this is a call that opens a server of the event loop, under whatever name the loop has."""
    match node:
        case ast.Call(func=ast.Attribute(attr="start_server" | "start_unix_server" | "create_unix_server")):
            return True
        case ast.Call(func=ast.Attribute(value=ast.Name(id="socket"), attr="create_server")):
            return False
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "create_server"


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
            if isinstance(child, ast.Call) and is_sleep(child) and (test or loop):
                found.append(child.lineno)
            found += sleeps(child, test=test, loop=loop or looks(child))
    return found


def faults_of(file: Path) -> list[str]:
    """What is wrong with a module of tests."""
    text, place = file.read_text(), file.relative_to(ROOT).as_posix()
    tree = ast.parse(text)
    faults = []
    if "mark.looptime" not in text and place not in MAY_SLEEP:
        faults += [
            f"{place}:{line}: waits for a fixed time; use until or still of tests/support/waiting.py"
            for line in sleeps(tree, test=False)
        ]
    if place not in MAY_LISTEN:
        faults += [
            f"{place}:{node.lineno}: opens a server bare; use listening of tests/support/listening.py"
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and is_bare_server(node)
        ]
    return faults


def main() -> int:
    """Print what is wrong; 1 when anything is."""
    files = sorted((ROOT / "tests").rglob("*.py"))
    faults = [fault for file in files for fault in faults_of(file)]
    print("\n".join([*faults, f"{len(files)} modules of tests, {len(faults)} faults"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
