"""What the checks of modules, of tests and of commits find, each in a project made for it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"


def checked(script: str, project: Path, *arguments: str) -> list[str]:
    """Faults a script prints of a project, which must fit its exit status."""
    (project / "scripts").mkdir(exist_ok=True)
    shutil.copy(SCRIPTS / script, project / "scripts")
    run = subprocess.run(
        [sys.executable, project / "scripts" / script, *arguments], capture_output=True, text=True, check=False
    )
    *found, _ = run.stdout.splitlines()
    assert run.returncode == (1 if found else 0), run.stderr
    return found


def write(project: Path, **modules: str) -> None:
    for name, text in modules.items():
        file = project / f"{name.replace('__', '/')}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        (file.parent / "__init__.py").touch()
        file.write_text(text)


def test_modules_of_names_of_their_own_without_circles_are_fine(tmp_path: Path) -> None:
    write(tmp_path, cluster__a="from cluster.b import x", cluster__b="x = 1", simulator__a="", simulator__x__cli="")
    write(tmp_path, simulator__cli="", pacing_node__cli__doctor="", pacing_node__x__doctor="")
    assert checked("check_modules.py", tmp_path) == []


def test_a_name_that_occurs_twice_in_a_package_is_found(tmp_path: Path) -> None:
    write(tmp_path, cluster__one__same="", cluster__two__same="")
    assert checked("check_modules.py", tmp_path) == ["same.py twice: cluster/one/same.py, cluster/two/same.py"]


@pytest.mark.parametrize(
    "body",
    [
        "async def test_x():\n    await asyncio.sleep(0.1)",
        "class TestX:\n    def test_x(self):\n        with a:\n            time.sleep(delay)",
        "async def arrived(page):\n    while not page.there:\n        await asyncio.sleep(0.05)",
        "def up(page):\n    while True:\n        if page.there:\n            return\n        time.sleep(0.05)",
    ],
)
def test_a_test_that_sleeps_is_found(tmp_path: Path, body: str) -> None:
    write(tmp_path, tests__x__test_x=f"import asyncio, time\n\n\n{body}\n")
    (found,) = checked("check_tests.py", tmp_path)
    assert found.startswith("tests/x/test_x.py:")


@pytest.mark.parametrize("name", ["tests__x__conftest", "tests__x__helper", "tests__support__helper"])
def test_a_helper_that_sleeps_until_something_has_come_is_found(tmp_path: Path, name: str) -> None:
    write(tmp_path, **{name: "import time\n\n\ndef up(page):\n    while not page.there:\n        time.sleep(0.05)\n"})
    (found,) = checked("check_tests.py", tmp_path)
    assert found.startswith(f"{name.replace('__', '/')}.py:6: waits for a fixed time")


@pytest.mark.parametrize(
    "call",
    [
        "await asyncio.start_server(answer, '127.0.0.1', 0)",
        "await asyncio.start_unix_server(answer, path)",
        "await loop.create_server(Protocol, '127.0.0.1', 0)",
        "await asyncio.get_running_loop().create_server(Protocol, '127.0.0.1', 0)",
    ],
)
def test_a_server_that_is_opened_bare_is_found(tmp_path: Path, call: str) -> None:
    body = f"async def test_x():\n    server = {call}\n"
    write(tmp_path, tests__x__test_x=body, tests__support__listening=body)
    (found,) = checked("check_tests.py", tmp_path)
    assert found.startswith("tests/x/test_x.py:2: opens a server bare")


def test_a_listening_socket_is_no_server(tmp_path: Path) -> None:
    write(tmp_path, tests__x__test_x="import socket\n\n\ndef test_x():\n    socket.create_server(('::1', 0))\n")
    assert checked("check_tests.py", tmp_path) == []


@pytest.mark.parametrize(
    "body",
    [
        "async def test_a_turn_of_the_loop():\n    await asyncio.sleep(0)",
        "async def slow(request):\n    await asyncio.sleep(60)",
        "async def drip(writer):\n    while True:\n        writer.write(b'x')\n        await asyncio.sleep(0.02)",
        "async def test_x():\n    async def drip():\n        while True:\n            await asyncio.sleep(1)",
        "pytestmark = pytest.mark.looptime\nasync def test_x():\n    await asyncio.sleep(100)",
    ],
)
def test_what_a_stand_in_does_or_costs_no_time_may_sleep(tmp_path: Path, body: str) -> None:
    write(tmp_path, tests__x__test_x=body)
    assert checked("check_tests.py", tmp_path) == []


@pytest.mark.parametrize(
    "back",
    [
        "import cluster.a",
        "from cluster import a",
        "from cluster.a import thing",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from cluster.a import thing",
        "def later():\n    from cluster import a",
    ],
)
def test_a_circle_is_found_however_it_is_imported(tmp_path: Path, back: str) -> None:
    write(tmp_path, cluster__a="from cluster import b", cluster__b=back)
    (found,) = checked("check_modules.py", tmp_path)
    assert found in {
        "a circle of imports: cluster.a -> cluster.b -> cluster.a",
        "a circle of imports: cluster.b -> cluster.a -> cluster.b",
    }


@pytest.fixture
def project(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    commit(tmp_path, "Begin", "one")
    return tmp_path


def commit(project: Path, message: str, *files: str) -> None:
    git = ["git", "-C", project, "-c", "user.name=n", "-c", "user.email=e@example.org"]
    for name in files:
        with (project / name).open("a") as file:
            file.write("more\n")
    subprocess.run([*git, "add", "--", *files], check=True)
    subprocess.run([*git, "commit", "-q", "-m", message], check=True)


@pytest.mark.parametrize(
    ("message", "files", "fault"),
    [
        ("Refuse a name that is in use\n\nBecause.", ("a", "b"), None),
        ("Bring the rule", ("a",), None),
        ("Ping servers less often", ("a",), None),
        ("Refuse a name", ("--help",), "adds '--help', whose name begins like an option's"),
        ("Refuse a name", ("a", "b"), "no body, though more than one file changes"),
        ("Refused a name", ("a",), "begins with 'Refused'; allowed: a verb in the imperative"),
        ("Refusing a name", ("a",), "begins with 'Refusing'; allowed: a verb in the imperative"),
        ("Refuses a name", ("a",), "begins with 'Refuses'; allowed: a verb in the imperative"),
        ("A name is refused", ("a",), "does not begin with a verb and a capital letter"),
        ("wip", ("a",), "does not begin with a verb and a capital letter"),
        ("Refuse a name.", ("a",), "ends with a full stop"),
        ("Refuse " + 66 * "x", ("a",), "73 characters; allowed: 72"),
        ("Refuse a name\nbecause", ("a",), "no empty line after the subject"),
    ],
)
def test_a_commit_is_judged_by_its_subject_and_body(
    project: Path, message: str, files: tuple[str, ...], fault: str | None
) -> None:
    commit(project, message, *files)
    found = checked("check_commits.py", project, "HEAD~1")
    assert [each.split("': ", 1)[1] for each in found] == ([] if fault is None else [fault])


def test_without_the_base_nothing_is_checked(project: Path) -> None:
    assert checked("check_commits.py", project, "0123456") == []


@pytest.mark.parametrize(
    ("line", "faulty"),
    [
        ("x = run(y)  # noqa: S603 - the user's own editor", False),
        ("x = run(y)  # noqa: S603, S607 - ours alone", False),
        ("x = run(y)  # noqa: PLR2004", False),
        ("x = run(y)  # noqa: S603", True),
        ("x = run(y)  # noqa: ASYNC110, S603", True),
        ("x = run(y)  # noqa: S603 -", True),
        ("x = run(y)  # noqa", True),
        ("# ruff: noqa", True),
    ],
)
def test_an_exception_from_a_security_rule_says_why(tmp_path: Path, line: str, faulty: bool) -> None:
    write(tmp_path, cluster__a=line)
    assert len(checked("check_exceptions.py", tmp_path)) == faulty
