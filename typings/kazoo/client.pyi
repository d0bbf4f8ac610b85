from collections.abc import Callable, Mapping, Sequence
from logging import Logger
from threading import Event
from typing import Any

from kazoo.handlers.threading import SequentialThreadingHandler
from kazoo.interfaces import IAsyncResult
from kazoo.protocol.states import KazooState as KazooState
from kazoo.protocol.states import WatchedEvent
from kazoo.retry import KazooRetry
from kazoo.security import ACL

_Watch = Callable[[WatchedEvent], None]

class TransactionRequest:
    def create(
        self,
        path: str,
        value: bytes = ...,
        acl: Sequence[ACL] | None = ...,
        ephemeral: bool = ...,
        sequence: bool = ...,
    ) -> None: ...
    def delete(self, path: str, version: int = ...) -> None: ...
    def set_data(self, path: str, value: bytes, version: int = ...) -> None: ...
    def check(self, path: str, version: int) -> None: ...
    def commit_async(self) -> IAsyncResult: ...

class KazooClient:
    def __init__(
        self,
        hosts: str = ...,
        timeout: float = ...,
        client_id: tuple[int, bytes] | None = ...,
        handler: SequentialThreadingHandler | None = ...,
        default_acl: Sequence[ACL] | None = ...,
        auth_data: Sequence[tuple[str, str]] | None = ...,
        sasl_options: Mapping[str, Any] | None = ...,
        read_only: bool | None = ...,
        randomize_hosts: bool = ...,
        connection_retry: KazooRetry | None = ...,
        command_retry: KazooRetry | None = ...,
        logger: Logger | None = ...,
        keyfile: str | None = ...,
        keyfile_password: str | None = ...,
        certfile: str | None = ...,
        ca: str | None = ...,
        use_ssl: bool = ...,
        verify_certs: bool = ...,
        check_hostname: bool = ...,
    ) -> None: ...
    @property
    def client_id(self) -> tuple[int, bytes] | None: ...
    @property
    def connected(self) -> bool: ...
    def add_listener(self, listener: Callable[[str], bool | None]) -> None: ...
    def remove_listener(self, listener: Callable[[str], bool | None]) -> None: ...
    def start_async(self) -> Event: ...
    def start(self, timeout: float = ...) -> None: ...
    def stop(self) -> None: ...
    def close(self) -> None: ...
    def transaction(self) -> TransactionRequest: ...
    def get_async(self, path: str, watch: _Watch | None = ...) -> IAsyncResult: ...
    def exists_async(self, path: str, watch: _Watch | None = ...) -> IAsyncResult: ...
    def get_children_async(self, path: str, watch: _Watch | None = ..., include_data: bool = ...) -> IAsyncResult: ...
    def create_async(
        self,
        path: str,
        value: bytes = ...,
        acl: Sequence[ACL] | None = ...,
        ephemeral: bool = ...,
        sequence: bool = ...,
        makepath: bool = ...,
        include_data: bool = ...,
    ) -> IAsyncResult: ...
    def ensure_path_async(self, path: str, acl: Sequence[ACL] | None = ...) -> IAsyncResult: ...
    def set_async(self, path: str, value: bytes, version: int = ...) -> IAsyncResult: ...
    def delete_async(self, path: str, version: int = ...) -> IAsyncResult: ...
