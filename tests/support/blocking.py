"""Makes a blocking call on the event loop an error, where the node's or the cluster library's code makes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from blockbuster import BlockBuster

_ALLOWED = (
    # Sources of a traceback that goes to a terminal; nodes write theirs from another thread, without sources.
    ("rich/traceback.py", ("_render_stack",)),
    ("linecache.py", ("updatecache",)),
    # Once, at the start: the node does not lead yet, and what is wrong must be an error of the start.
    ("cluster/backends/standalone.py", ("start",)),
    ("pacing_node/node.py", ("__init__",)),
    ("pacing_node/tls.py", ("__init__",)),
    ("pacing_node/alarms/service.py", ("_remember",)),
    ("pacing_node/options/node_options.py", ("load_node_options",)),
    # gRPC joins its poller when the garbage collector finds its last server, wherever that happens.
    ("threading.py", ("join",)),
    # The thread that takes connections has a loop of its own: it looks at files and makes Unix sockets there.
    ("cluster/peers/front.py", ("server_side", "_closed")),
    ("cluster/peers/tls.py", ("_look_of",)),
    # One byte that wakes the client's thread up, through a pair of sockets.
    ("kazoo/client.py", ("_call",)),
    # What the kernel writes from memory.
    ("pacing_node/runtime/process.py", ("resident_bytes", "_limit")),
    ("cluster/descriptors.py", ("count_open",)),
)

_watch = BlockBuster(["pacing_node", "cluster"])
for function in _watch.functions.values():
    for file, names in _ALLOWED:
        function.can_block_in(file, names)


@contextmanager
def nothing_blocks() -> Iterator[None]:
    """Raise ``BlockingError`` in whatever calls from our packages would stop the running event loop meanwhile."""
    _watch.activate()
    try:
        yield
    finally:
        _watch.deactivate()
