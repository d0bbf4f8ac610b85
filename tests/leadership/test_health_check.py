"""The health check of the image: one question to a real health port, and an exit status for the engine."""

from __future__ import annotations

import asyncio

import pytest

from cluster.admin.health_check import main
from cluster.peers.health import Health, HealthPort


@pytest.fixture
async def port():
    health = Health("node", "master")
    listening = HealthPort(health, "127.0.0.1", 0)
    await listening.start()
    yield health, f"127.0.0.1:{listening.port}"
    await listening.stop()


async def test_the_status_follows_what_the_node_says(port, capsys):
    health, address = port
    assert await asyncio.to_thread(main, [address]) == 1
    health.set(process=True)
    assert await asyncio.to_thread(main, [address]) == 0
    assert await asyncio.to_thread(main, [address, "master"]) == 1
    assert capsys.readouterr().out.split() == ["NOT_SERVING", "SERVING", "NOT_SERVING"]


async def test_nobody_there_a_service_that_is_unknown_and_wrong_words_are_told_apart(port, capsys):
    _, address = port
    assert await asyncio.to_thread(main, ["127.0.0.1:1"]) == 1
    assert "127.0.0.1:1 does not answer: UNAVAILABLE" in capsys.readouterr().err
    assert await asyncio.to_thread(main, [address, "nothing"]) == 1
    assert "NOT_FOUND" in capsys.readouterr().err
    assert main([]) == 2
