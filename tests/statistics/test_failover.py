"""Two servers, one truth: who is believed when, and that no switch looks like traffic."""

from __future__ import annotations

import socket
import time

import grpc
import pytest
import trustme
from structlog.testing import capture_logs

from cluster.clock import boot_seconds
from contact_center.v1 import statistics_pb2 as wire
from pacing_node.statistics.bridge_session import SessionSettings
from pacing_node.statistics.bridge_statistics import bridge_statistics
from pacing_node.statistics.increments import GUARD_AFTER_READS
from simulator.harness.ports import choose_quiet
from tests.statistics.conftest import QUICK
from tests.statistics.server import (
    Server,
    agent,
    counted,
    invalid,
    nothing_counted,
    number,
    serving,
    target,
    target_set,
)
from tests.support.waiting import still, until

ONE = target_set(target())
MIB = 1024 * 1024


async def warm(source):
    source.watch(ONE)
    await until(lambda: all(feed.answered(boot_seconds()) and feed.connected for feed in source._feeds))
    for _ in range(GUARD_AFTER_READS):
        source.snapshot(10.0)


def turn(server, mode):
    server.mode = mode
    server.announce()


async def test_the_primary_is_read_while_both_are_well(pair, source):
    pair[0].set("ann", "AgentState", agent(chat=(1, 0)))
    await warm(source)
    assert source.active == "primary"
    assert source.snapshot(10.0).ready.tolist() == [1]
    assert [each.mode for each in source.health] == ["primary", "backup"]
    assert all(each.age_seconds < QUICK.silence_seconds and each.error == "" for each in source.health)


async def test_a_primary_that_dies_is_followed_by_the_backup_at_the_next_snapshot(pair, source):
    for server in pair:
        server.set("ann", "AgentState", agent(chat=(3, 0)))
    await warm(source)
    await pair[0].stop()
    turn(pair[1], wire.SERVER_MODE_PRIMARY)
    await until(lambda: source.active == "backup")
    snapshot = source.snapshot(10.0)
    assert snapshot.valid.all()
    assert snapshot.ready.tolist() == [3]
    assert not source.health[0].connected
    assert source.health[0].error


async def test_a_server_whose_message_is_longer_than_the_bound_is_left_with_the_reason(pair, source):
    await warm(source)
    turn(pair[1], wire.SERVER_MODE_PRIMARY)
    pair[0].set("ann", "AgentState", invalid("r" * (MIB * 8)))
    await until(lambda: "larger than max" in source.health[0].error)
    await until(lambda: source.active == "backup")
    assert source.snapshot(10.0).valid.all()


async def test_without_a_promoted_primary_the_backup_is_better_than_nothing(pair, source):
    await warm(source)
    await pair[0].stop()
    await until(lambda: source.active == "backup")
    assert source.snapshot(10.0).valid.all()


async def test_a_silent_primary_is_left(pair, impatient_source):
    source = impatient_source
    await warm(source)
    pair[0].silent = True
    await until(lambda: source.active == "backup")
    assert source.snapshot(10.0).valid.all()
    await until(lambda: "silent" in source.health[0].error)


async def test_a_primary_whose_clock_stands_still_is_left(pair, impatient_source):
    """It sends its signs of life, but what it says is old."""
    source = impatient_source
    await warm(source)
    pair[0].frozen_clock = time.time()
    await until(lambda: source.active == "backup")
    assert source.health[0].connected


async def test_a_primary_that_lost_its_sources_is_left_and_found_again(pair, source):
    await warm(source)
    pair[0].available = False
    pair[0].announce()
    await until(lambda: source.active == "backup")
    assert source.health[0].error == "the server has lost its sources"
    pair[0].available = True
    pair[0].announce()
    await until(lambda: source.active == "primary")


async def test_a_switch_of_modes_is_followed(pair, source):
    await warm(source)
    turn(pair[1], wire.SERVER_MODE_PRIMARY)
    turn(pair[0], wire.SERVER_MODE_BACKUP)
    await until(lambda: source.active == "backup")


async def test_two_primaries_do_not_make_it_waver(pair, source):
    await warm(source)
    with capture_logs() as logs:
        turn(pair[1], wire.SERVER_MODE_PRIMARY)
        await until(lambda: source.health[1].mode == "primary")
        await still(lambda: source.active == "primary", 0.4)
    assert [each for each in logs if each["event"] == "statistics.switched"] == []


async def test_totals_of_the_two_servers_are_never_compared(pair, source):
    pair[0].totals("Sales@sw", Accepted=100, Abandoned=10)
    pair[1].totals("Sales@sw", Accepted=90_000, Abandoned=4_000)
    await warm(source)
    await pair[0].stop()
    await until(lambda: source.active == "backup")
    await nothing_counted(source, pair[1], "accepted")
    await nothing_counted(source, pair[1], "abandoned")


async def test_a_catch_up_after_the_switch_is_no_traffic_but_a_few_calls_are(pair, source):
    await warm(source)
    await pair[0].stop()
    await until(lambda: source.active == "backup")
    source.snapshot(10.0)
    pair[1].totals("Sales@sw", Accepted=700)
    await nothing_counted(source, pair[1], "accepted")
    pair[1].totals("Sales@sw", Accepted=703)
    await counted(source, "accepted", 3)


async def test_a_switch_at_the_start_when_nothing_is_usual_yet_hides_no_traffic(pair, source):
    source.watch(ONE)
    for _ in range(3 * GUARD_AFTER_READS):
        source.snapshot(10.0)  # before any server was heard
    await until(lambda: source.warmed_up and all(each.connected for each in source.health))
    source.snapshot(10.0)
    await pair[0].stop()
    await until(lambda: source.active == "backup")
    source.snapshot(10.0)
    pair[1].totals("Sales@sw", Accepted=60)
    await counted(source, "accepted", 60)


async def test_a_restarted_server_is_subscribed_anew_and_its_totals_count_from_there(pair, source):
    pair[0].totals("Sales@sw", Accepted=500)
    await warm(source)
    await pair[0].stop()
    await until(lambda: source.active == "backup")
    asked = pair[0].adds
    pair[0].totals("Sales@sw", Accepted=2)
    await pair[0].start(pair[0].port)
    await until(lambda: source.active == "primary")
    assert pair[0].adds == 2 * asked
    await nothing_counted(source, pair[0], "accepted")
    pair[0].totals("Sales@sw", Accepted=4)
    await counted(source, "accepted", 2)


@pytest.mark.parametrize("restarted", [3, 0])
async def test_a_total_that_falls_counts_nothing_and_goes_on_from_there(pair, source, restarted):
    pair[0].totals("Sales@sw", Accepted=500)
    await warm(source)
    pair[0].totals("Sales@sw", Accepted=restarted)
    await nothing_counted(source, pair[0], "accepted")
    pair[0].totals("Sales@sw", Accepted=restarted + 6)
    await counted(source, "accepted", 6)


async def test_when_both_are_silent_rows_turn_stale_and_hold_no_increments(pair, impatient_source):
    source = impatient_source
    await warm(source)
    for server in pair:
        server.silent = True
    await until(lambda: not source.snapshot(0.5).valid.any())
    for server in pair:
        server.silent = False

    def fresh():
        return source.snapshot(2.0).valid.all()

    await until(fresh)


@pytest.mark.parametrize("offset", [-86_400.0, 3600.0])
async def test_the_servers_clock_may_be_wrong(offset):
    async with serving(Server(clock_offset=offset)) as (server,):
        source = bridge_statistics(server.address, settings=QUICK)
        await source.start()
        source.watch(ONE)
        await until(lambda: bool(source.snapshot(1.0).valid.all()))
        snapshot = source.snapshot(10.0)
        await source.stop()
    assert snapshot.valid.all()
    assert snapshot.taken_at == pytest.approx(time.time() + offset, abs=5.0)


async def test_a_server_that_is_not_there_yet_is_found_when_it_comes():
    server = Server()
    (port,) = choose_quiet(1)
    with socket.socket() as reserved:
        # Bound but not listening: nobody is there, and nobody else can come.
        reserved.bind(("127.0.0.1", port))
        source = bridge_statistics(f"127.0.0.1:{port}", settings=QUICK)
        await source.start()
        source.watch(ONE)
        await still(lambda: not source.snapshot(10.0).valid.any(), 0.5)
    await server.start(port)
    await until(lambda: source.warmed_up)
    await source.stop()
    await server.stop()


async def test_certificates_are_asked_for_anew_with_every_connection():
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    chain = b"".join(each.bytes() for each in certificate.cert_chain_pems)
    server = Server()
    server.credentials = grpc.ssl_server_credentials([(certificate.private_key_pem.bytes(), chain)])
    trusted = []

    def credentials():
        authorities = authority.cert_pem.bytes() if trusted else trustme.CA().cert_pem.bytes()
        return grpc.ssl_channel_credentials(authorities)

    async with serving(server):
        source = bridge_statistics(server.address, settings=QUICK, credentials=credentials)
        await source.start()
        source.watch(ONE)
        await until(lambda: "UNAVAILABLE" in source.health[0].error)
        trusted.append(True)
        await until(lambda: source.warmed_up)
        await source.stop()


async def test_credentials_that_cannot_be_read_are_said_and_tried_again():
    def credentials():
        raise OSError("no such file: ca.pem")

    source = bridge_statistics("127.0.0.1:9", settings=QUICK, credentials=credentials)
    await source.start()
    await until(lambda: "no such file: ca.pem" in source.health[0].error)
    await source.stop()


async def test_lost_and_unreachable_servers_are_told_once(pair, source):
    await warm(source)
    with capture_logs() as logs:
        await pair[0].stop()
        await until(lambda: any(each["event"] == "statistics.server_lost" for each in logs))
        # It is tried again several times in this time.
        await still(lambda: sum(each["event"] == "statistics.server_lost" for each in logs) == 1, 1.0)


async def test_stopping_ends_every_session(pair, source):
    await warm(source)
    await source.stop()
    await until(lambda: not pair[0].sessions and not pair[1].sessions)


async def test_numbers_keep_flowing_to_the_inactive_table(pair, source):
    await warm(source)
    pair[1].set("Sales@sw", "PACS_VQ_Current", number(8), "PACS_Proactive_Interaction")
    column = source._layout.columns.current
    await until(lambda: source._feeds[1].numbers(column)[0].tolist() == [8])
    await pair[0].stop()
    await until(lambda: source.active == "backup")
    assert source.snapshot(10.0).waiting.tolist() == [8]


async def test_a_server_that_breaks_off_again_and_again_is_asked_less_and_less():
    """It connects well each time: that alone must not start the pauses anew, nor bring every subscription at once."""
    server = Server()
    calls = 0

    async def breaking(request_iterator, context):
        nonlocal calls
        del request_iterator
        calls += 1
        await context.write(server.state())

    server.Subscribe = breaking
    async with serving(server):
        source = bridge_statistics(server.address, settings=SessionSettings(first_delay_seconds=0.05))
        await source.start()
        await until(lambda: calls >= 3)
        before = calls
        await still(lambda: calls - before <= 8, 2.0)
        await source.stop()
