"""What a member is built on, as its other parts see it: an ensemble of ZooKeeper, or nothing but itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cluster.documents import DocumentStore
    from cluster.listeners import Listeners
    from cluster.mastership import Mastership
    from cluster.records import HistoryEntry, MemberInfo
    from cluster.zookeeper.pause import PauseSwitch


class Backend(Protocol):
    """What a member is made of, beside its port."""

    @property
    def mastership(self) -> Mastership:
        """Whether this node may act."""
        ...

    @property
    def on_acquiring(self) -> Listeners[[]]:
        """Called when an acquisition of the mastership is on its way, where that takes time."""
        ...

    @property
    def documents(self) -> DocumentStore:
        """The document all members share."""
        ...

    @property
    def access_tokens(self) -> DocumentStore:
        """The document with the access tokens of the cluster."""
        ...

    def document_beside(self, name: str) -> DocumentStore:
        """A document of the application's own, beside the shared one; to be asked for before :meth:`start`."""
        ...

    @property
    def pause(self) -> PauseSwitch:
        """Pauses and resumes the cluster."""
        ...

    @property
    def faults(self) -> tuple[str, ...]:
        """What cannot be read of what the cluster keeps, in words."""
        ...

    def listen(self, on_change: Callable[[], None]) -> None:
        """Call back after each change of role, state, master or members."""
        ...

    async def start(self, own: MemberInfo) -> None:
        """Join."""
        ...

    async def stop(self) -> None:
        """Leave; the mastership has been stopped before."""
        ...

    def members(self) -> Sequence[MemberInfo]:
        """Members by name, this one among them."""
        ...

    def promise(self, asked_by: str, cluster_id: str, epoch: int, seconds: float) -> str:
        """Promise the master ``asked_by`` not to contend for so long; why not, empty when promised."""
        ...

    async def wait_entered(self) -> None:
        """Wait until this node is entered by its name. Raises AlreadyRunningError when another that lives has it."""
        ...

    async def wait_refused(self) -> NoReturn:
        """Wait until another node that lives has this one's name. Always raises: AlreadyRunningError."""
        ...

    def acted(self, epoch: int, at: float) -> None:
        """The receiver has accepted an action of this term ``at``, Unix time in seconds."""
        ...

    async def history(self, limit: int) -> Sequence[HistoryEntry]:
        """The newest terms, newest first."""
        ...
