"""Errors of the cluster library.

::

    ClusterError
    ├── SettingsError            a setting is out of its bounds
    ├── UnavailableError         ZooKeeper or a peer cannot be asked now; nothing was changed
    │   └── OutcomeUnknownError  the request was sent, its answer never came: it may still take effect
    ├── SessionExpiredError      the session is over, and every ephemeral node with it
    ├── NodeMissingError         a node in the tree does not exist
    ├── NodeExistsError          a node in the tree exists already
    ├── ConflictError            a version was not the expected one
    ├── NotAllowedError          ZooKeeper's access list does not let this user do that
    ├── StalePiecesError         what is handed to another member has changed in between
    ├── TooLargeError            more data than ZooKeeper takes in one message; nothing was sent
    ├── DamagedStateError        a state file, or a node in ZooKeeper, is not what it should be
    ├── UnsafeStateError         a local state directory or file is open to others, or is theirs
    ├── AlreadyRunningError      another process holds the local state
    ├── RefusedError             an order that must not be carried out now; nothing was changed
    │   └── TooSoonError         an order that is carried out again only after a while; says when
    └── NotMasterError           the request needs the master; names it if known
"""

from __future__ import annotations


class ClusterError(Exception):
    """Base of all errors of this library."""


class SettingsError(ClusterError):
    """A setting is out of its bounds; the message names it, what was found and what is allowed."""


class UnavailableError(ClusterError):
    """ZooKeeper or a peer cannot be asked now. Nothing was changed."""


class OutcomeUnknownError(UnavailableError):
    """A request was sent and its answer never came. It may have taken effect, or may still do so later."""


class SessionExpiredError(ClusterError):
    """The session is over, and with it every ephemeral node it owned."""


class NodeMissingError(ClusterError):
    """A node in the tree does not exist."""


class NodeExistsError(ClusterError):
    """A node in the tree exists already."""


class ConflictError(ClusterError):
    """A version was not the expected one: somebody else has written in between."""


class NotAllowedError(ClusterError):
    """The access list of a node in the tree does not let this user do that; names the path, the user and the option."""


class StalePiecesError(ClusterError):
    """What a member hands to another one has changed in between: it must be asked for again."""


class TooLargeError(ClusterError):
    """More data than ZooKeeper takes in one message (``jute.maxbuffer``). Nothing was sent."""


class DamagedStateError(ClusterError):
    """A state file, or a node in ZooKeeper, is not what it should be; the message names it and what to do."""


class UnsafeStateError(ClusterError):
    """The state directory, or a file in it, belongs to another user, is a link, or is open to others; names it."""


class AlreadyRunningError(ClusterError):
    """Another process that lives holds the local state, or the name, of this node; the message names it."""


class RefusedError(ClusterError):
    """An order that must not be carried out now; the message says why. Nothing was changed."""


class TooSoonError(RefusedError):
    """An order of a kind that is carried out once in a while; the message says from when on again."""


class NotMasterError(ClusterError):
    """The request needs the master, and this member is not it."""

    def __init__(self, master: str | None) -> None:
        super().__init__(f"not the master; the master is {master}" if master else "not the master; none is known")
        self.master = master
