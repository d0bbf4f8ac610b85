"""A network namespace of its own, joined to this machine by one line that can be cut."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType


class NamespaceError(Exception):
    """No namespace can be made on this machine; the message says why."""


class Namespace:
    """A namespace with this machine at the other end of its line. Use it as a context manager.

    Addresses come from 198.18.0.0/15, which is set aside for tests of networks (RFC 2544).
    """

    def __init__(self) -> None:
        mark = secrets.token_hex(3)
        self.name, self._line, self._end = f"pacing-{mark}", f"pt{mark}a", f"pt{mark}b"
        network = f"198.18.{secrets.randbelow(256)}.{4 * secrets.randbelow(64)}"
        base, last = network.rsplit(".", 1)
        self.outside = f"{base}.{int(last) + 1}"
        """Address of this machine, as seen from inside."""
        self.inside = f"{base}.{int(last) + 2}"
        """Its own address."""

    @property
    def prefix(self) -> tuple[str, ...]:
        """What runs a command inside."""
        return ("ip", "netns", "exec", self.name)

    def __enter__(self) -> Namespace:
        if shutil.which("ip") is None or os.geteuid() != 0:
            raise NamespaceError("network namespaces need root and the program ip")
        try:
            self._ip("netns", "add", self.name)
            self._ip("link", "add", self._line, "type", "veth", "peer", "name", self._end, "netns", self.name)
            self._ip("address", "add", f"{self.outside}/30", "dev", self._line)
            self._ip("link", "set", self._line, "up")
            for command in (
                ("address", "add", f"{self.inside}/30", "dev", self._end),
                ("link", "set", self._end, "up"),
                ("link", "set", "lo", "up"),
            ):
                self._ip("-n", self.name, *command)
        except NamespaceError:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        _run_ip("netns", "del", self.name)
        _run_ip("link", "del", self._line)

    def cut(self) -> None:
        """Nothing passes any more, and neither side notices."""
        self._ip("link", "set", self._line, "down")

    def mend(self) -> None:
        """Everything passes again."""
        self._ip("link", "set", self._line, "up")

    @staticmethod
    def _ip(*arguments: str) -> None:
        done = _run_ip(*arguments)
        if done.returncode:
            raise NamespaceError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


def _run_ip(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)  # noqa: S603, S607 - ours


def why_impossible() -> str:
    """Why no namespace can be made on this machine; empty when one can."""
    try:
        with Namespace():
            return ""
    except NamespaceError as failure:
        return str(failure)
