"""What the audit of dependencies says: never well of what nobody has looked up."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.audit import FOUND, LOCKS, PARTLY, ROOT, UNREACHED, Findings, locked_versions

LOCKED = {"httpx": "0.28.1", "kazoo": "2.11.0"}


def dependency(name: str, *ids: str) -> dict[str, Any]:
    return {"name": name, "version": LOCKED[name], "vulns": [{"id": each} for each in ids]}


def skipped(name: str) -> dict[str, Any]:
    return {"name": name, "skip_reason": "Dependency not found on PyPI and could not be audited"}


@pytest.mark.parametrize(
    ("dependencies", "status", "words"),
    [
        ([dependency("httpx"), dependency("kazoo")], 0, "2 packages, none with a known vulnerability"),
        ([dependency("httpx", "CVE-1"), dependency("kazoo")], FOUND, "httpx 0.28.1: CVE-1"),
        ([skipped("httpx"), skipped("kazoo")], UNREACHED, "no advisory database could be reached"),
        ([], UNREACHED, "no advisory database could be reached"),
        ([dependency("httpx"), skipped("kazoo")], PARTLY, "not looked up, 1 of 2: kazoo 2.11.0"),
        ([dependency("httpx", "CVE-1"), skipped("kazoo")], FOUND, "not looked up, 1 of 2: kazoo 2.11.0"),
    ],
)
def test_the_status_says_what_was_found_and_what_was_not_looked_up(
    dependencies: list[dict[str, Any]], status: int, words: str
) -> None:
    findings = Findings()
    findings.add({"dependencies": dependencies}, LOCKED)
    found, lines = findings.verdict()
    assert found == status
    assert any(words in line for line in lines)


def test_one_database_fills_in_what_the_other_does_not_know() -> None:
    findings = Findings()
    findings.add({"dependencies": [dependency("httpx"), skipped("kazoo")]}, LOCKED)
    findings.add({"dependencies": [skipped("httpx"), dependency("kazoo")]}, LOCKED)
    assert findings.verdict()[0] == 0


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_of_a_lock_is_asked_for(lock: str) -> None:
    text = (ROOT / lock).read_text()
    versions = locked_versions(text)
    names = {line.split("==")[0] for line in text.splitlines() if line[:1].isalnum()}
    assert {name for name in names if name not in versions} <= {"colorama", "pywin32"}
    assert all(version[0].isdigit() for version in versions.values())
