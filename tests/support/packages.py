"""Programs that stand for the other side in tests, installed as packages of the system where that is possible."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache

import pytest


@cache
def _install(packages: tuple[str, ...]) -> str:
    """Install packages of the system; returns why that was not possible, empty when it was."""
    if shutil.which("apt-get") is None:
        return "not a Debian or Ubuntu system"
    if os.geteuid() != 0:
        return f"not root; install them with: apt-get install {' '.join(packages)}"
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]
    try:
        for command in (install, ["apt-get", "update", "-q"], install):
            done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)
            if done.returncode == 0 and command is install:
                return ""
    except subprocess.TimeoutExpired:
        return f"apt-get took too long with {' '.join(packages)}"
    return f"apt-get could not install {' '.join(packages)}: {done.stderr.strip()[-200:]}"


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
