"""The proxy that spoils connections: each kind of weather as a client and a server see it."""

from __future__ import annotations

import asyncio
import contextlib
import time

import pytest

from simulator.harness.fault_proxy import HOST, FaultProxy, Weather
from tests.support.listening import listening
from tests.support.waiting import PATIENCE_SECONDS, still, until


class Echo:
    """A server that answers every line with itself, and remembers what it received."""

    def __init__(self):
        self.received = b""
        self.writers = []

    async def serve(self, reader, writer):
        self.writers.append(writer)
        with contextlib.suppress(OSError):
            while line := await reader.readline():
                self.received += line
                writer.write(line.upper())
                await writer.drain()


@pytest.fixture
async def echo():
    echo = Echo()
    async with listening(echo.serve) as server:
        echo.port = server.port
        yield echo


@pytest.fixture
async def proxy(echo):
    proxy = FaultProxy(echo.port)
    await proxy.start()
    yield proxy
    await proxy.stop()


@contextlib.asynccontextmanager
async def connected(proxy):
    reader, writer = await asyncio.open_connection(HOST, proxy.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def ask(connection, line=b"hello\n", seconds=5.0):
    reader, writer = connection
    writer.write(line)
    return await asyncio.wait_for(reader.readline(), seconds)


async def test_in_fair_weather_bytes_pass_both_ways(proxy, echo):
    async with connected(proxy) as connection:
        assert await ask(connection) == b"HELLO\n"
    assert echo.received == b"hello\n"


async def test_a_hole_holds_bytes_back_and_healing_delivers_them(proxy, echo):
    async with connected(proxy) as connection:
        await ask(connection)
        proxy.drop()
        with pytest.raises(TimeoutError):
            await ask(connection, b"late\n", 0.2)
        assert echo.received == b"hello\n"
        proxy.heal()
        assert await asyncio.wait_for(connection[0].readline(), 30.0) == b"LATE\n"


async def test_what_a_client_sent_before_it_gave_up_arrives_after_the_hole(proxy, echo):
    async with connected(proxy) as connection:
        await ask(connection)
        proxy.drop()
        connection[1].write(b"orphan\n")
        await connection[1].drain()
        connection[1].close()
    await still(lambda: b"orphan" not in echo.received, 0.1)
    proxy.heal()
    await until(lambda: b"orphan" in echo.received)


async def test_a_new_connection_in_a_hole_is_taken_and_gets_no_answer(proxy):
    proxy.drop()
    async with connected(proxy) as connection:
        with pytest.raises(TimeoutError):
            await ask(connection, seconds=0.2)


async def test_latency_delays_each_way(proxy):
    proxy.weather = Weather(latency_seconds=0.1)
    async with connected(proxy) as connection:
        started = time.monotonic()
        await ask(connection)
        assert time.monotonic() - started >= 0.2


async def test_bandwidth_stretches_a_message(proxy):
    proxy.weather = Weather(bytes_per_second=100.0)
    async with connected(proxy) as connection:
        started = time.monotonic()
        await ask(connection, b"x" * 19 + b"\n")
        assert time.monotonic() - started >= 0.4


async def test_an_answer_is_cut_after_its_request_has_reached_the_server(proxy, echo):
    proxy.weather = Weather(answers_to_cut=1)
    async with connected(proxy) as connection:
        with pytest.raises(ConnectionResetError):
            await ask(connection)
    assert echo.received == b"hello\n"
    async with connected(proxy) as connection:
        assert await ask(connection) == b"HELLO\n", "only one answer was to be cut"


async def test_a_reset_breaks_what_stands_and_lets_new_connections_in(proxy):
    async with connected(proxy) as connection:
        await ask(connection)
        assert len(proxy._connections) == 1
        proxy.reset()
        with pytest.raises(ConnectionResetError):
            await ask(connection)
    async with connected(proxy) as connection:
        assert await ask(connection) == b"HELLO\n"


async def test_a_refusing_proxy_ends_new_connections_at_once(proxy):
    proxy.weather = Weather(refusing=True)
    with pytest.raises((OSError, asyncio.IncompleteReadError)):
        async with connected(proxy) as (reader, _):
            await asyncio.wait_for(reader.readexactly(1), 30.0)


async def test_the_end_of_the_server_reaches_the_client(proxy, echo):
    async with connected(proxy) as (reader, writer):
        await ask((reader, writer))
        echo.writers[0].close()
        assert await asyncio.wait_for(reader.read(), 30.0) == b""


async def test_the_end_of_a_stream_can_be_late(proxy, echo):
    async with connected(proxy) as (reader, writer):
        await ask((reader, writer))
        proxy.weather = Weather(close_delay_seconds=0.2)
        started = time.monotonic()
        echo.writers[0].close()
        await asyncio.wait_for(reader.read(), 30.0)
        assert time.monotonic() - started >= 0.2


async def test_a_server_that_is_not_there_ends_the_connection(echo):
    proxy = FaultProxy(1)
    await proxy.start()
    with pytest.raises((OSError, asyncio.IncompleteReadError)):
        async with connected(proxy) as (reader, _):
            await asyncio.wait_for(reader.readexactly(1), 30.0)
    await proxy.stop()


async def test_the_tap_sees_requests_and_no_answers(echo):
    seen = []
    proxy = FaultProxy(echo.port, seen.append)
    await proxy.start()
    async with connected(proxy) as connection:
        await ask(connection)
    await proxy.stop()
    assert b"".join(seen) == b"hello\n"


async def test_stopping_ends_connections_that_are_held_back(proxy):
    async with connected(proxy) as connection:
        await ask(connection)
        proxy.drop()
        connection[1].write(b"held\n")
        await until(lambda: len(proxy._connections) == 1)
        await asyncio.wait_for(proxy.stop(), PATIENCE_SECONDS)
        assert len(proxy._connections) == 0


async def test_after_a_hole_one_connection_may_overtake_another(proxy, echo):
    """What was sent first does not always arrive first: within some tries it arrives second."""
    for _ in range(40):
        echo.received = b""
        proxy.drop()
        async with connected(proxy) as first, connected(proxy) as second:
            first[1].write(b"first\n")
            await still(lambda: echo.received == b"", 0.01)
            second[1].write(b"second\n")
            proxy.heal()
            await asyncio.wait_for(asyncio.gather(first[0].readline(), second[0].readline()), 30.0)
        if echo.received.startswith(b"second"):
            return
    pytest.fail("never")


async def test_a_stalled_connection_is_silent_while_new_ones_are_well(proxy, echo):
    async with connected(proxy) as old, connected(proxy) as new:
        await ask(old)
        await ask(new)
        proxy.stall()
        with pytest.raises(TimeoutError):
            await ask(old, b"late\n", 0.2)
        async with connected(proxy) as newer:
            assert await ask(newer, b"newer\n") == b"NEWER\n"
        proxy.heal()
        assert await asyncio.wait_for(old[0].readline(), 30.0) == b"LATE\n"
    assert echo.received.endswith(b"newer\nlate\n")
