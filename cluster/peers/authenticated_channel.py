"""A channel whose calls show who makes them: each is given the metadata that its message and its member need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc.aio

if TYPE_CHECKING:
    from collections.abc import Callable

    from cluster.access.credentials import CallCredentials

    Serialize = Callable[[Any], bytes]


class AuthenticatedChannel(grpc.aio.Channel):
    """A channel to one member. The message is made into bytes here, so that what is signed is what is sent."""

    def __init__(self, channel: grpc.aio.Channel, address: str, credentials: CallCredentials) -> None:
        """``address`` is that of the member's clustering port, as it has published it."""
        self._channel = channel
        self._address = address
        self._credentials = credentials

    def unary_unary(self, method: str, request_serializer: Any = None, *rest: Any, **more: Any) -> Any:
        """A call with one answer."""
        return self._shown(method, request_serializer, self._channel.unary_unary(method, None, *rest, **more))

    def unary_stream(self, method: str, request_serializer: Any = None, *rest: Any, **more: Any) -> Any:
        """A call with a stream of answers."""
        return self._shown(method, request_serializer, self._channel.unary_stream(method, None, *rest, **more))

    def stream_unary(self, *given: Any, **more: Any) -> Any:
        """Not offered: a stream of messages has no one body that could be signed."""
        raise NotImplementedError

    def stream_stream(self, *given: Any, **more: Any) -> Any:
        """Not offered: a stream of messages has no one body that could be signed."""
        raise NotImplementedError

    def _shown(self, method: str, serialize: Serialize | None, call: Callable[..., Any]) -> Callable[..., Any]:
        name = method.rpartition("/")[2]

        def make(request: Any, *, metadata: tuple[tuple[str, str], ...] = (), **options: Any) -> Any:
            body = serialize(request) if serialize is not None else bytes(request)
            shown = self._credentials.metadata(self._address, name, body)
            return call(body, metadata=(*metadata, *shown), **options)

        return make

    async def close(self, grace: float | None = None) -> None:
        """Close the channel; calls on it have ``grace`` seconds to end."""
        await self._channel.close(grace)

    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:
        """State of the connection."""
        return self._channel.get_state(try_to_connect)

    async def wait_for_state_change(self, last_observed_state: grpc.ChannelConnectivity) -> None:
        """Wait for another state."""
        await self._channel.wait_for_state_change(last_observed_state)

    async def channel_ready(self) -> None:
        """Wait until it is connected."""
        await self._channel.channel_ready()

    async def __aenter__(self) -> AuthenticatedChannel:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close(None)
