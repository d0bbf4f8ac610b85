"""How a node learns what an operator has accepted: over a session of its own, only while it holds a change back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from cluster.errors import ClusterError
from pacing_node.assembly.cluster_settings import zookeeper_security
from pacing_node.objects.acceptance import read_acceptance
from pacing_node.options.document_access import open_acceptance

if TYPE_CHECKING:
    from pacing_node.objects.acceptance import Acceptance
    from pacing_node.options.node_options import NodeOptions

log = structlog.get_logger(__name__)


async def newest_acceptance(options: NodeOptions) -> Acceptance | None:
    """The newest acceptance; None when there is none, or it cannot be read at the moment."""
    security = zookeeper_security(options.zookeeper) if options.zookeeper else None
    try:
        async with open_acceptance(options, security) as documents:
            return await read_acceptance(documents)
    except ClusterError as error:
        log.debug("configuration.acceptance_not_read", error=str(error))
        return None
