"""An outsider's hand in ZooKeeper: it does to a cluster's entries what the cluster itself never would.

The nemesis harms with it, so it uses the client itself and nothing of the cluster library, whose care it must not have.
"""

from __future__ import annotations

import contextlib
import json
import logging
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from kazoo.client import KazooClient
from kazoo.exceptions import KazooException, NodeExistsError, NoNodeError
from kazoo.handlers.threading import KazooTimeoutError

if TYPE_CHECKING:
    from collections.abc import Iterator

_T = TypeVar("_T")

CONNECT_SECONDS = 10.0
_UNHEARD = logging.getLogger(f"{__name__}.client")
_UNHEARD.setLevel(logging.CRITICAL + 1)  # what the client says of an ensemble in trouble is no news

PERSISTENT = ("epoch", "pause", "failsafe", "cluster-id")
"""Entries of a cluster that can be emptied and garbled."""
_GARBAGE = (
    b"9" * 5000,
    b"\xff\x00\xfe not text",
    b"null",
    b'{"members": 5, "by": [], "node": {}}',
    b"[" * 2000,
    b"-1 nobody",
)


class UnreachableError(Exception):
    """ZooKeeper cannot be asked at the moment; nothing was done."""


@dataclass(frozen=True, slots=True)
class Harmed:
    """An entry with other content than it had."""

    path: str
    before: bytes
    after: bytes


class Znodes:
    """Entries of one cluster. Every call opens a session of its own, blocks, and raises UnreachableError."""

    def __init__(self, hosts: str, root: str) -> None:
        """``root`` is the path of the cluster's tree."""
        self._hosts = hosts
        self._root = root

    def empty(self, choice: float) -> Harmed:
        """Delete an entry, chosen by a number from 0 to 1, and create it again without data."""
        path = f"{self._root}/{_pick(PERSISTENT, choice)}"
        with self._client() as client:
            before, _ = client.get(path)
            client.delete(path)
            with contextlib.suppress(NodeExistsError):
                client.create(path, None)
        return Harmed(path, before or b"", b"")

    def garble(self, choice: float) -> Harmed:
        """Fill an entry, chosen by a number from 0 to 1, with what nobody has written."""
        path = f"{self._root}/{_pick(PERSISTENT, choice)}"
        garbage = _pick(_GARBAGE, choice * len(PERSISTENT) % 1.0)
        return self._put(path, garbage)

    def swap_addresses(self, one: str, other: str, *, both: bool) -> list[Harmed]:
        """Let a member stand at the clustering address of another one, which then is reached in the place of two.

        ``both``: and the other at the address of the first.
        """
        with self._client() as client:
            paths = [f"{self._root}/members/{name}" for name in (one, other)]
            entries = [client.get(path)[0] or b"{}" for path in paths]
            contents = [json.loads(entry) for entry in entries]
            addresses = [content["clustering"] for content in contents]
            harmed = []
            swapped = list(zip(paths, entries, contents, reversed(addresses), strict=True))
            for path, before, content, address in swapped if both else swapped[:1]:
                after = json.dumps(content | {"clustering": address}).encode()
                client.set(path, after)
                harmed.append(Harmed(path, before, after))
        return harmed

    def members(self) -> dict[str, dict[str, object]]:
        """What each member has written about itself, by its name."""
        with self._client() as client:
            names = client.get_children(f"{self._root}/members")
            return {name: json.loads(client.get(f"{self._root}/members/{name}")[0] or b"{}") for name in names}

    def mend(self, harmed: Harmed) -> None:
        """Put the content back, unless somebody has written since, or the entry is gone."""
        with self._client() as client, contextlib.suppress(NoNodeError):
            found, stat = client.get(harmed.path)
            if (found or b"") == harmed.after:
                client.set(harmed.path, harmed.before, version=stat.version)

    def _put(self, path: str, content: bytes) -> Harmed:
        with self._client() as client:
            before, _ = client.get(path)
            client.set(path, content)
        return Harmed(path, before or b"", content)

    @contextlib.contextmanager
    def _client(self) -> Iterator[KazooClient]:
        client = KazooClient(hosts=self._hosts, timeout=CONNECT_SECONDS, logger=_UNHEARD)
        try:
            client.start(timeout=CONNECT_SECONDS)
            yield client
        except (KazooException, KazooTimeoutError) as failure:
            raise UnreachableError(f"{self._hosts}: {failure!r}") from failure
        finally:
            client.stop()
            client.close()


def _pick(choices: tuple[_T, ...], choice: float) -> _T:
    return choices[min(int(choice * len(choices)), len(choices) - 1)]


def commit_seconds(hosts: str, count: int) -> list[float]:
    """How long each of ``count`` writes took, one after the other, over a session that is open already.

    Raises UnreachableError.
    """
    client = KazooClient(hosts, timeout=CONNECT_SECONDS, logger=_UNHEARD)
    took = []
    try:
        client.start(CONNECT_SECONDS)
        path = f"/pacing-benchmark-{uuid.uuid4().hex}"
        client.create(path, b"")
        for _ in range(count):
            began = time.monotonic()
            client.set(path, b"1")
            took.append(time.monotonic() - began)
        client.delete(path)
    except (KazooException, KazooTimeoutError) as failure:
        raise UnreachableError(str(failure)) from failure
    finally:
        client.stop()
        client.close()
    return took
