"""The ZooKeeper session, as asyncio sees it. The only module that imports kazoo.

kazoo runs threads of its own; every call here is handed to them and its answer brought back to the event loop, and
every call has a deadline. A call whose deadline passed may still take effect: it raises OutcomeUnknownError.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import structlog
from kazoo import exceptions as kazoo_errors
from kazoo.client import KazooClient, KazooState
from kazoo.handlers.threading import SequentialThreadingHandler
from kazoo.retry import KazooRetry
from kazoo.security import make_acl, make_digest_acl

from cluster import errors
from cluster.clock import boot_seconds
from cluster.listeners import Listeners
from cluster.mastership import ZooKeeperState
from cluster.security import ZooKeeperSecurity
from cluster.settings import DEFAULT_MESSAGE_BYTES
from cluster.zookeeper.client_log import TRACE_LEVEL, ConnectionLog
from cluster.zookeeper.types import NodeStat, SessionChange, check_size

if TYPE_CHECKING:
    from kazoo.interfaces import IAsyncResult
    from kazoo.protocol.states import WatchedEvent, ZnodeStat

    from cluster.zookeeper.types import Transaction

log = structlog.get_logger(__name__)

WatchCallback = Callable[[], None]
"""Called once when what was read changes. Pass an equal one each time: any other is kept as long as the session."""


class _Handler(SequentialThreadingHandler):
    """Opens connections that notice a silent peer while requests are in flight, and remembers the newest one."""

    def __init__(self, silence_seconds: float, identity: str) -> None:
        super().__init__()
        self._silence_seconds = silence_seconds
        self._identity = identity
        self._connection: socket.socket | None = None
        self._pairs: list[socket.socket] = []
        self.opened_at = 0.0
        self.on_death: Callable[[], None] = lambda: None
        """Called in the client's thread when that thread ends by an error."""

    def spawn(self, func: Callable[..., Any], *args: Any, **kwargs: Any) -> threading.Thread:
        """Run the client's thread; kazoo says nothing when an error ends it, for example a refused SASL proof."""

        def guarded() -> None:
            try:
                func(*args, **kwargs)
            except Exception as failure:
                text = f"{type(failure).__name__} {failure}".strip()
                if isinstance(failure, kazoo_errors.AuthFailedError):
                    text = f"ZooKeeper refuses the credentials of {self._identity}"
                log.error("zookeeper.client_ended", error=text)
                self.on_death()

        return super().spawn(guarded)

    def create_connection(self, *args: Any, **kwargs: Any) -> socket.socket:
        """Connect as kazoo asks, with a shorter deadline, then set TCP_USER_TIMEOUT."""
        self.opened_at = boot_seconds()
        asked = kwargs.get("timeout") or self._silence_seconds
        kwargs["timeout"] = min(asked, max(self._silence_seconds, 1.0))
        connection = super().create_connection(*args, **kwargs)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(self._silence_seconds * 1000))
        self._connection = connection
        return connection

    def create_socket_pair(self) -> tuple[socket.socket, socket.socket]:
        """Two sockets by which the client wakes its own thread."""
        pair = super().create_socket_pair()
        self._pairs += pair
        return pair

    def release(self) -> None:
        """Close what the client keeps open when its thread has ended by an error, or would not end."""
        for each in self._pairs:
            each.close()

    def drop(self) -> None:
        """Break the connection; kazoo goes on with the next server and the same session."""
        connection = self._connection
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class ZooKeeperSession:
    """A session that is renewed for as long as it is not stopped. All methods belong on the event loop."""

    def __init__(
        self,
        hosts: str,
        timeout_seconds: float,
        call_timeout_seconds: float,
        security: ZooKeeperSecurity | None = None,
        message_bytes: int = DEFAULT_MESSAGE_BYTES,
    ) -> None:
        """``hosts`` without chroot; ``call_timeout_seconds`` bounds every call unless it says otherwise.

        ``message_bytes`` is ``jute.maxbuffer`` of the ensemble: a larger write is refused before it is sent.
        """
        self._message_bytes = message_bytes
        self._security = security if security is not None else ZooKeeperSecurity()
        self._hosts = hosts
        self._asked_seconds = timeout_seconds
        self._call_timeout_seconds = call_timeout_seconds
        self.on_change: Listeners[[SessionChange]] = Listeners("session")
        """Called at each change of state."""
        self._watchers: dict[WatchCallback, Callable[[WatchedEvent], None]] = {}
        self._generation = 0
        self._client: KazooClient | None = None
        self._handler: _Handler | None = None
        self._starting: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.change = SessionChange(ZooKeeperState.LOST, 0, timeout_seconds, 0.0)

    @property
    def state(self) -> ZooKeeperState:
        """State of the session as last reported."""
        return self.change.state

    @property
    def session_id(self) -> int:
        """Id of the session as last reported; 0 when there is none."""
        return self.change.session_id

    @property
    def connected(self) -> bool:
        """Whether calls can be made now."""
        return self.change.state is ZooKeeperState.CONNECTED

    def start(self) -> None:
        """Begin to connect; goes on trying for ever."""
        self._loop = asyncio.get_running_loop()
        self._generation += 1
        generation, loop = self._generation, self._loop
        hearing = ConnectionLog(self._asked_seconds)
        # Not a registered logger: each session hears its own client only.
        logger = logging.Logger("cluster.zookeeper.client.kazoo", TRACE_LEVEL)  # noqa: LOG001 - of this session alone
        logger.addHandler(hearing)
        self._handler = handler = _Handler(self._asked_seconds / 3, self._security.identity)
        # A back-off that stays short: the default one grows to an hour.
        patience = KazooRetry(max_tries=-1, delay=0.05, backoff=1.5, max_delay=0.5, sleep_func=handler.sleep_func)
        client = self._client = KazooClient(
            hosts=self._hosts,
            timeout=self._asked_seconds,
            handler=handler,
            connection_retry=patience,
            logger=logger,
            **_secured(self._security),
        )

        def on_state(state: str) -> None:
            identity = client.client_id
            session_id = identity[0] if identity is not None and state != KazooState.LOST else 0
            change = SessionChange(
                ZooKeeperState(state.lower()), session_id, hearing.granted_seconds, handler.opened_at
            )
            self._from_thread(loop, self._changed, generation, change)

        client.add_listener(on_state)
        handler.on_death = lambda: on_state(KazooState.LOST)
        self._starting = threading.Thread(target=client.start_async, name="zookeeper-start", daemon=True)
        self._starting.start()

    async def stop(self, timeout_seconds: float) -> None:
        """Close the session, and with it delete its ephemeral nodes; give up waiting after ``timeout_seconds``."""
        client, handler, self._client, self._handler = self._client, self._handler, None, None
        self._generation += 1
        self.change = SessionChange(ZooKeeperState.LOST, 0, self.change.timeout_seconds, 0.0)
        if client is None or handler is None or self._loop is None:
            return
        loop, starting, closed = self._loop, self._starting, asyncio.Event()

        def close() -> None:
            # kazoo may wait 10 s for its writer, and is known to hang: hence the thread.
            # A client that is stopped before its start has come to an end would start after all.
            if starting is not None:
                starting.join()
            for step in (client.stop, client.close, handler.release):
                with contextlib.suppress(Exception):
                    step()
            self._from_thread(loop, closed.set)

        threading.Thread(target=close, name="zookeeper-stop", daemon=True).start()
        try:
            async with asyncio.timeout(timeout_seconds):
                await closed.wait()
        except TimeoutError:
            log.warning("zookeeper.stop_timeout", waited_seconds=timeout_seconds)

    async def rebuild(self) -> None:
        """Drop the client and start a new one with a new session, if ZooKeeper would serve that.

        The cure for a server whose data were wiped: it refuses a client that has seen newer transactions, for ever.
        While nobody is served the old session is kept: it may outlive the outage, and a mastership with it.
        """
        generation = self._generation
        if not await self._serves_strangers():
            return
        # A ZooKeeper that has just come back may have served the stranger first: our own client has its turn.
        await asyncio.sleep(self._asked_seconds / 2)
        if generation != self._generation or self.state is ZooKeeperState.CONNECTED:
            return
        log.warning("zookeeper.rebuild", hosts=self._hosts)
        await self.stop(0.5)
        if self._generation == generation + 1:  # else the node is stopping, and has stopped it too
            self.start()

    async def _serves_strangers(self) -> bool:
        """Whether a client without a past is given a session now."""
        stranger = ZooKeeperSession(self._hosts, self._asked_seconds, self._call_timeout_seconds, self._security)
        served = asyncio.Event()
        stranger.on_change.add(lambda change: served.set() if change.state is ZooKeeperState.CONNECTED else None)
        stranger.start()
        try:
            async with asyncio.timeout(self._asked_seconds):
                await served.wait()
        except TimeoutError:
            return False
        finally:
            await stranger.stop(0.5)
        return True

    def drop_connection(self) -> None:
        """Disconnect from a server that does not answer, unless a newer connection is already being opened."""
        if self._handler is not None and self._handler.opened_at <= self.change.opened_at:
            self._handler.drop()

    async def get(self, path: str, watch: WatchCallback | None = None) -> tuple[bytes, NodeStat]:
        """Data and stat of a node; ``watch`` is called once when it changes, or the connection breaks."""
        data, stat = await self._call(lambda client: client.get_async(path, watch=self._watcher(watch)), path)
        return bytes(data or b""), _stat(stat)  # a node created without data has None

    async def exists(self, path: str, watch: WatchCallback | None = None) -> NodeStat | None:
        """Stat of a node or None; ``watch`` is called once when it changes, appears, or the connection breaks."""
        stat = await self._call(lambda client: client.exists_async(path, watch=self._watcher(watch)), path)
        return None if stat is None else _stat(stat)

    async def children(self, path: str, watch: WatchCallback | None = None) -> list[str]:
        """Names below a node; ``watch`` is called once when they change, or the connection breaks."""
        names = await self._call(lambda client: client.get_children_async(path, watch=self._watcher(watch)), path)
        return [str(name) for name in names]

    async def create(self, path: str, data: bytes, *, ephemeral: bool = False) -> None:
        """Create a node. Raises NodeExistsError, NodeMissingError for a missing parent, TooLargeError."""
        check_size(path, data, self._message_bytes)
        await self._call(lambda client: client.create_async(path, data, ephemeral=ephemeral), path)

    async def ensure_path(self, path: str) -> None:
        """Create a persistent node and the ones above it where they are missing."""
        await self._call(lambda client: client.ensure_path_async(path), path)

    async def set(self, path: str, data: bytes, version: int = -1) -> int:
        """Write a node if its version is still the given one; returns the new version.

        Raises ConflictError, TooLargeError.
        """
        check_size(path, data, self._message_bytes)
        stat = await self._call(lambda client: client.set_async(path, data, version=version), path)
        return _stat(stat).version

    async def delete(self, path: str, version: int = -1) -> None:
        """Delete a node if its version is still the given one."""
        await self._call(lambda client: client.delete_async(path, version=version), path)

    async def commit(self, describe: Callable[[Transaction], None], timeout_seconds: float | None = None) -> list[Any]:
        """Commit what ``describe`` adds to a transaction: all of it or, with the first error raised, nothing.

        kazoo returns errors inside the list of results; an unseen one would pass for success.
        """
        paths: list[str] = []

        def begin(client: KazooClient) -> IAsyncResult:
            transaction = client.transaction()
            describe(transaction)
            paths.extend(operation.path for operation in transaction.operations)
            return transaction.commit_async()

        results = list(await self._call(begin, "", timeout_seconds))
        follow_ups = (kazoo_errors.RolledBackError, kazoo_errors.RuntimeInconsistency)
        failures = [each for each in results if isinstance(each, Exception)]
        if failures:
            first = next((each for each in failures if not isinstance(each, follow_ups)), failures[0])
            raise self._translated(first, dict(zip(map(id, results), paths, strict=False)).get(id(first), ""))
        return [_stat(each) if hasattr(each, "mzxid") else each for each in results]

    def _translated(self, failure: BaseException, path: str) -> errors.ClusterError:
        """The client's error as one of this library; one of the access list names path and user."""
        if isinstance(failure, kazoo_errors.NoAuthError):
            where = path or "a node of the cluster's tree"
            return errors.NotAllowedError(f"ZooKeeper denies access to {where} for {self._security.identity}")
        if isinstance(failure, kazoo_errors.AuthFailedError):
            return errors.UnavailableError(f"ZooKeeper refuses the credentials of {self._security.identity}")
        return _translate(failure)

    async def _call(
        self, begin: Callable[[KazooClient], IAsyncResult], path: str, timeout_seconds: float | None = None
    ) -> Any:
        client, loop = self._client, self._loop
        if client is None or loop is None or self.state is not ZooKeeperState.CONNECTED:
            # kazoo would queue the call and send it after the reconnect, when nobody wants it any more.
            message = f"no ZooKeeper connection ({self.state.value})"
            raise errors.UnavailableError(message)
        answer: asyncio.Future[Any] = loop.create_future()

        def deliver(result: IAsyncResult) -> None:
            if answer.done():
                return
            if result.exception is None:
                answer.set_result(result.value)
            else:
                answer.set_exception(self._translated(result.exception, path))

        begin(client).rawlink(lambda result: self._from_thread(loop, deliver, result))
        limit = self._call_timeout_seconds if timeout_seconds is None else timeout_seconds
        try:
            async with asyncio.timeout(limit):
                return await answer
        except TimeoutError as timeout:
            message = f"no answer from ZooKeeper within {limit:g} s"
            raise errors.OutcomeUnknownError(message) from timeout

    def _watcher(self, watch: WatchCallback | None) -> Callable[[WatchedEvent], None] | None:
        """What kazoo calls: for equal callbacks the same object, which it keeps once however often it is armed."""
        loop = self._loop
        if watch is None or loop is None:
            return None
        if watch not in self._watchers:
            self._watchers[watch] = lambda _: self._from_thread(loop, watch)
        return self._watchers[watch]

    def _changed(self, generation: int, change: SessionChange) -> None:
        if generation != self._generation:
            return
        self.change = change
        log.info("zookeeper.session", state=change.state.value, session=f"{change.session_id:#x}", hosts=self._hosts)
        self.on_change.notify(change)

    @staticmethod
    def _from_thread(loop: asyncio.AbstractEventLoop, callback: Callable[..., None], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has been closed: nobody is left to tell
            loop.call_soon_threadsafe(callback, *arguments)


def _secured(security: ZooKeeperSecurity) -> dict[str, Any]:
    """Arguments of the client for TLS and credentials."""
    on_state: dict[str, Any] = {}
    if security.tls:
        on_state["use_ssl"], on_state["verify_certs"], on_state["check_hostname"] = True, True, security.check_hostname
        files = {"ca": security.ca_file, "certfile": security.certificate_file, "keyfile": security.key_file}
        on_state |= {key: str(path) for key, path in files.items() if path is not None}
        on_state["keyfile_password"] = security.key_password
    if security.sasl_user is not None and security.sasl_password is not None:
        user, password = security.sasl_user, security.sasl_password
        on_state["sasl_options"] = {"mechanism": "DIGEST-MD5", "username": user, "password": password}
        on_state["default_acl"] = [make_acl("sasl", user, all=True)]
    if security.user is not None and security.password is not None:
        on_state["auth_data"] = [("digest", f"{security.user}:{security.password}")]
        on_state["default_acl"] = [make_digest_acl(security.user, security.password, all=True)]
    return on_state


def _stat(stat: ZnodeStat) -> NodeStat:
    return NodeStat(stat.version, stat.czxid, stat.mzxid, stat.ephemeralOwner)


_TRANSLATION: tuple[tuple[type[BaseException], type[errors.ClusterError]], ...] = (
    (kazoo_errors.NoNodeError, errors.NodeMissingError),
    (kazoo_errors.NodeExistsError, errors.NodeExistsError),
    (kazoo_errors.BadVersionError, errors.ConflictError),
    (kazoo_errors.ConnectionClosedError, errors.OutcomeUnknownError),
    (kazoo_errors.SessionExpiredError, errors.SessionExpiredError),
    (kazoo_errors.ConnectionLoss, errors.OutcomeUnknownError),
    (kazoo_errors.OperationTimeoutError, errors.OutcomeUnknownError),
)


def _translate(failure: BaseException) -> errors.ClusterError:
    text = f"{type(failure).__name__} {failure}".strip()
    for theirs, ours in _TRANSLATION:
        if isinstance(failure, theirs):
            return ours(text)
    return errors.ClusterError(text)
