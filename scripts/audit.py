"""Known vulnerabilities of the locked dependencies, by pip-audit; says plainly what was not looked up.

pip-audit ends well also when an advisory database knew none of the packages it was asked for, or could not be reached:
that is no clean bill, so what each database answered is counted here.

Exit status: 0 every package was looked up and none has a known vulnerability, 1 at least one has, 2 pip-audit cannot be
used, 3 no advisory database could be reached, 4 only some of the packages could be looked up.
"""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
PLACE = ROOT / ".venv-audit"
TOOL = "pip-audit==2.10.1"
"""In an environment of its own: what it depends on is not what is audited."""
LOCKS = ("requirements/runtime.lock", "requirements/dev.lock")
DATABASES = ("pypi", "osv")
SECONDS = 300
FOUND, UNUSABLE, UNREACHED, PARTLY = 1, 2, 3, 4


@dataclass
class Findings:
    """What the databases say of all locks together."""

    looked_up: set[str] = field(default_factory=set)
    """Packages a database has answered for, as `name version`."""
    asked: set[str] = field(default_factory=set)
    vulnerable: dict[str, set[str]] = field(default_factory=dict)
    """Ids of advisories by package."""

    def add(self, report: dict[str, Any], locked: dict[str, str]) -> None:
        """Take in pip-audit's report on a lock; ``locked`` are its versions by name."""
        self.asked |= {f"{name} {version}" for name, version in locked.items()}
        for each in report["dependencies"]:
            if "skip_reason" in each or each["name"] not in locked:
                continue
            package = f"{each['name']} {each['version']}"
            self.looked_up.add(package)
            if each["vulns"]:
                self.vulnerable.setdefault(package, set()).update(found["id"] for found in each["vulns"])

    def verdict(self) -> tuple[int, list[str]]:
        """Exit status and what to say."""
        missing = sorted(self.asked - self.looked_up)
        lines = [f"{package}: {', '.join(sorted(ids))}" for package, ids in sorted(self.vulnerable.items())]
        if not self.looked_up:
            return UNREACHED, ["no advisory database could be reached: nothing is known about any dependency"]
        if missing:
            lines.append(f"not looked up, {len(missing)} of {len(self.asked)}: {', '.join(missing)}")
        if self.vulnerable:
            return FOUND, lines
        if missing:
            return PARTLY, lines
        return 0, [f"{len(self.looked_up)} packages, none with a known vulnerability"]


def locked_versions(text: str) -> dict[str, str]:
    """Versions by name of a lock with hashes: those that are installed on a machine like this."""
    lines = [line.rstrip("\\ ") for line in text.splitlines() if line[:1].isalnum()]
    requirements = [Requirement(line) for line in lines]
    here = [each for each in requirements if each.marker is None or each.marker.evaluate()]
    return {each.name: str(each.specifier).removeprefix("==") for each in here}


def install() -> Path:
    """The tool, in its own environment."""
    tool = PLACE / "bin" / "pip-audit"
    if not tool.exists():
        venv.create(PLACE, with_pip=True, clear=True)
        command = [PLACE / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", TOOL]
        subprocess.run(command, check=True)
    return tool


def ask(tool: Path, lock: str, database: str) -> dict[str, Any] | None:
    """What a database says of a lock; None when it could not be reached."""
    command = [tool, "--requirement", lock, "--disable-pip", "--require-hashes", "--vulnerability-service", database]
    options = ["--format", "json", "--progress-spinner", "off"]
    try:
        done = subprocess.run(
            [*command, *options], cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        report: dict[str, Any] = json.loads(done.stdout)
    except (ValueError, subprocess.TimeoutExpired):
        return None
    return report


def main() -> int:
    """Ask every database for every lock."""
    try:
        tool = install()
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"audit: {TOOL} cannot be installed: {error}")
        return UNUSABLE
    findings = Findings()
    for lock in LOCKS:
        versions = locked_versions((ROOT / lock).read_text())
        findings.add({"dependencies": []}, versions)
        for database in DATABASES:
            report = ask(tool, lock, database)
            if report is not None:
                findings.add(report, versions)
    status, lines = findings.verdict()
    for line in lines:
        print(f"audit: {line}")
    return status


if __name__ == "__main__":
    sys.exit(main())
