"""Where things are in ZooKeeper, and how they are written there."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass

from cluster.errors import DamagedStateError
from cluster.outside_text import one_line
from cluster.zookeeper.content import Content

HIGHEST_EPOCH = 2 * 10**12
"""Highest epoch that is taken for one: a term every millisecond for sixty years.

It is above the highest mark that is believed of a receiver, so that there are terms enough after that, too. A garbled
epoch beyond it must not reach the receiver: no lower one would be accepted any more, and no mark so high is believed.
"""

DEFAULT_BASE = "pacing"
"""Node below which clusters have their trees, unless the hosts name another."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Paths of one cluster, all below ``root``."""

    root: str

    @property
    def cluster_id(self) -> str:
        """Persistent; a UUID, written once."""
        return f"{self.root}/cluster-id"

    @property
    def epoch(self) -> str:
        """Persistent; the highest epoch ever given and to whom. Its version changes with every term."""
        return f"{self.root}/epoch"

    @property
    def master(self) -> str:
        """Ephemeral; exists while there is a master, owned by its session."""
        return f"{self.root}/master"

    @property
    def members(self) -> str:
        """Persistent; one ephemeral child for each member."""
        return f"{self.root}/members"

    @property
    def configuration(self) -> str:
        """Persistent; the document all members share."""
        return f"{self.root}/config"

    @property
    def pause(self) -> str:
        """Persistent; who has paused the cluster, and until when."""
        return f"{self.root}/pause"

    @property
    def failsafe_list(self) -> str:
        """Persistent; who may become master while the term that wrote it may go on without ZooKeeper; or nothing."""
        return f"{self.root}/failsafe"

    @property
    def terms(self) -> str:
        """Persistent; one ephemeral child, named by its random id, for the term of each session that holds one."""
        return f"{self.root}/terms"

    def term(self, term_id: str) -> str:
        """Ephemeral; exists while the term with this id lasts, in the history of ZooKeeper in which it began."""
        return f"{self.terms}/{term_id}"

    @property
    def history(self) -> str:
        """Persistent; one child for each of the newest terms."""
        return f"{self.root}/history"


def locate(zookeeper_hosts: str, cluster: str) -> tuple[str, Paths]:
    """Split ``host:port,host:port[/base]`` into the hosts and the tree of the cluster: ``base``, then its name."""
    hosts, _, base = zookeeper_hosts.partition("/")
    return hosts, Paths(f"/{base.strip('/') or DEFAULT_BASE}/{cluster}")


LONGEST_ACTION_SECONDS = 1200.0
"""Longest action there can be: a third of the longest session."""
ENDED_CLEAN = "ended_clean"
"""Fourth word beside the epoch: nothing of its term can be in flight any more."""


_ACTION = "action="
"""Begins a last word beside the epoch: how long an action of its term can last."""


def encode_epoch(
    epoch: int, node: str, successor: str = "", *, ended_clean: bool = False, action_seconds: float = 0.0
) -> bytes:
    """The content of the epoch's node; with ``successor`` the node that the others let go first.

    ``action_seconds``: how long an action can last that this term, or one before it, may have left in flight.
    """
    content = f"{epoch} {node} {successor}{f' {ENDED_CLEAN}' if ended_clean else ''}".rstrip()
    return (f"{content} {_ACTION}{action_seconds:g}" if action_seconds else content).encode()


def _words(data: bytes) -> list[str]:
    words = one_line(data.decode(errors="replace")).split(" ")
    return words[:-1] if words[-1].startswith(_ACTION) else words


def decode_action_seconds(data: bytes) -> float:
    """How long an action can last that the newest terms may have left in flight; 0 when it is not recorded."""
    last = one_line(data.decode(errors="replace")).split(" ")[-1]
    try:
        seconds = float(last.removeprefix(_ACTION)) if last.startswith(_ACTION) else 0.0
    except ValueError:
        return 0.0
    return seconds if 0.0 <= seconds <= LONGEST_ACTION_SECONDS else 0.0


def decode_epoch(data: bytes, path: str) -> int:
    """The epoch in the content of its node. Raises DamagedStateError."""
    number = data.decode(errors="replace").split(" ", 1)[0]
    readable = number.isascii() and number.isdigit() and len(number) <= len(str(HIGHEST_EPOCH))
    if not readable or int(number) > HIGHEST_EPOCH:
        message = f"{path}: found {data[:40]!r}, expected a number up to {HIGHEST_EPOCH} and the name of a node"
        raise DamagedStateError(message)
    return int(number)


def decode_holder(data: bytes) -> str:
    """The node to which the epoch was given in the content of its node; empty when it was given to nobody."""
    words = _words(data)
    return words[1] if len(words) > 1 and words[0] != "0" else ""


def decode_successor(data: bytes) -> str:
    """The node named as successor in the content of the epoch's node; empty when there is none."""
    words = _words(data)
    return words[2] if len(words) == 3 or words[3:] == [ENDED_CLEAN] else ""


def decode_ended_clean(data: bytes) -> bool:
    """Whether the term in the content of the epoch's node ended clean; written with its release."""
    return _words(data)[3:] == [ENDED_CLEAN]


def decode_cluster_id(data: bytes, path: str) -> str:
    """The identity of the cluster in the content of its node. Raises DamagedStateError."""
    try:
        return str(uuid.UUID(data.decode()))
    except ValueError:
        message = f"{path}: found {one_line(data[:40])}, expected a UUID; restore it, or delete the node for a new one"
        raise DamagedStateError(message) from None


def encode_master(node: str, epoch: int, term_id: str) -> bytes:
    """The content of the master's node."""
    return json.dumps({"node": node, "epoch": epoch, "term": term_id}).encode()


def check_owner(owner: int, path: str) -> None:
    """The master's node must belong to a session. Raises DamagedStateError when it does not.

    No member makes such a node, and no session ends with it: it stays until somebody deletes it.
    """
    if not owner:
        raise DamagedStateError(nobodys_master(path))


def nobodys_master(path: str) -> str:
    """What is wrong with a master's node that belongs to no session, and what to do."""
    return (
        f"{path}: found a persistent node, which no member has made; nobody can become master beside it: "
        "make sure that no node is master, and delete it"
    )


def decode_master(data: bytes) -> tuple[str | None, int]:
    """Name and epoch in the content of the master's node; (None, 0) where it cannot be read."""
    content = Content(data)
    node, epoch = content.text("node"), content.whole("epoch")
    return (node, epoch) if node and epoch is not None else (None, 0)


def decode_term_id(data: bytes) -> str:
    """The id of the term in the content of the master's node; empty where it cannot be read."""
    try:
        return str(uuid.UUID(Content(data).text("term")))
    except ValueError:
        return ""
