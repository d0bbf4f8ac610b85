"""A caller's channel to a clustering port that waits: a member's own gives a silent peer half a second."""

from __future__ import annotations

import grpc.aio

from cluster.peers.channels import CLIENT_OPTIONS


def patient_channel(address: str) -> grpc.aio.Channel:
    """Without the pings by which members notice a silent peer; a loaded machine answers them too late now and then."""
    options = [(name, value) for name, value in CLIENT_OPTIONS if "keepalive" not in name and "ping" not in name]
    return grpc.aio.insecure_channel(address, options=options)
