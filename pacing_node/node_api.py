"""The API of a node, put together from its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pacing_node.api.v1.api_gate import ApiGate
from pacing_node.api.v1.api_parts import ApiParts
from pacing_node.api.v1.v1_application import build_v1
from pacing_node.cycle.hold_book import DOCUMENT, HoldBook
from pacing_node.monitoring.examination import Examination
from pacing_node.options.options_history import HISTORY, read_history

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.types import ASGIApp

    from cluster.member import ClusterMember
    from pacing_node.api.certified_callers import CertifiedCallers
    from pacing_node.api.v1.api_view import ApiView
    from pacing_node.monitoring.event_log import EventLog
    from pacing_node.options.options_history import PastVersion


class NodeApi:
    """What the API needs of the cluster beside what the pages read. To be built before the member starts."""

    def __init__(self, member: ClusterMember) -> None:
        self._member = member
        self._past_options = member.document_beside(HISTORY)
        self.holds = HoldBook(member.document_beside(DOCUMENT))
        """The holds of the cluster."""
        self.examination = Examination()
        """What the node finds when it examines itself."""

    async def read_past_options(self) -> Sequence[PastVersion]:
        """The versions of the options that are kept, oldest first. Raises ClusterError."""
        return await read_history(self._past_options)

    def application(
        self, view: ApiView, events: EventLog, *, reads: Callable[[], str], certified: CertifiedCallers, port: int
    ) -> ASGIApp:
        """The application behind `/api/`; ``reads`` is the option `access.api`, ``certified`` who calls by certificate,
        ``port`` that of the pages.
        """
        access = self._member.access
        cookie = f"pacing_session_{port}"
        gate = ApiGate(access.control, access.audit, reads=reads, cookie=cookie, certified=certified)
        return build_v1(ApiParts(view, gate, access.audit, self._member, self.holds, events, self._past_options))
