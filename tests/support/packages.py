"""Programs that stand for the other side in tests, installed as packages of the system where that is possible."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from functools import cache

import pytest

APT = ["apt-get", "-o", "DPkg::Lock::Timeout=120"]
MOST_SECONDS = 240.0
"""Longest time for an installation, other users of the package manager included."""
PATIENT = pytest.mark.timeout(MOST_SECONDS + 60)
"""For tests that may install a package first."""


@cache
def _install(packages: tuple[str, ...]) -> str:
    """Install packages of the system; returns why that was not possible, empty when it was."""
    if shutil.which("apt-get") is None:
        return "not a Debian or Ubuntu system"
    if os.geteuid() != 0:
        return f"not root; install them with: apt-get install {' '.join(packages)}"
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    install = [*APT, "install", "-y", "-q", "--no-install-recommends", *packages]
    deadline = time.monotonic() + MOST_SECONDS
    try:
        for command in (install, [*APT, "update", "-q"], install):
            done = _run(command, environment, deadline)
            if done.returncode == 0 and command is install:
                return ""
    except subprocess.TimeoutExpired:
        return f"apt-get took longer than {MOST_SECONDS:g} s with {' '.join(packages)}"
    return f"apt-get could not install {' '.join(packages)}: {done.stderr.strip()[-200:]}"


def _run(command: list[str], environment: dict[str, str], deadline: float) -> subprocess.CompletedProcess[str]:
    """Run apt-get, again while another process holds a lock: it waits for dpkg's by itself, for its own it does not."""
    while True:
        left = max(deadline - time.monotonic(), 0.1)
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=left, check=False)
        if done.returncode == 0 or "get lock" not in done.stderr:
            return done
        time.sleep(1.0)


def program(name: str, *packages: str) -> str:
    """Path of a program, installed first when it is missing; where it cannot be, the test is skipped."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"
    found = shutil.which(name, path=path)
    if found is None:
        reason = _install(packages)
        found = shutil.which(name, path=path)
        if found is None:
            pytest.skip(f"{name} is not there: {reason or 'its package has no such program'}")
    return found
