"""A node alone whose clustering port speaks mutual TLS: `python -m tests.support.tls_member CA CHAIN KEY`.

Prints its port, then lives until SIGTERM.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from cluster.member import ClusterMember
from cluster.security import PeerTls
from cluster.settings import ClusterSettings


async def main() -> None:
    ca, chain, key = (Path(each) for each in sys.argv[1:4])
    settings = ClusterSettings("a", "test", None, clustering_port=0, peer_tls=PeerTls(ca, chain, key))
    member = ClusterMember(settings, version="1")
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await member.start()
    sys.stdout.write(f"port {member.info.clustering.rpartition(':')[2]}\n")
    sys.stdout.flush()
    await stop.wait()
    await member.stop()


if __name__ == "__main__":
    asyncio.run(main())
