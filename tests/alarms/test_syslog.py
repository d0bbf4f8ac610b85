"""Syslog by RFC 5424: the form of a message, and how it gets to a receiver over TCP, TLS and UDP."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from pacing_node.alarms.sinks import SyslogSink
from pacing_node.delivery.outbox import DeliveryError
from pacing_node.delivery.syslog import SyslogMessage, SyslogSeverity, frame, render
from pacing_node.delivery.syslog_sender import SyslogSender
from simulator.harness.ports import choose_quiet
from tests.support.alarm_parts import cleared, raised
from tests.support.listening import listening
from tests.support.syslog_receiver import SyslogReceiver
from tests.support.waiting import until

FORM = re.compile(
    r"<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) ([\x21-\x7e]{1,255}) ([\x21-\x7e]{1,48}) (\d+) "
    r'([\x21-\x7e]{1,32}) (-|\[[^ =\]"]{1,32}(?: [^ =\]"]{1,32}="(?:[^"\\\]]|\\["\\\]])*")*\])(?: (.*))?',
    re.DOTALL,
)


def message(text: str, number: int = 0) -> SyslogMessage:
    return SyslogMessage(
        SyslogSeverity.ERROR, 1_700_000_000.25, "node-1", "alarm.raised", text, {"number": str(number)}
    )


def test_a_message_has_every_part_of_the_standard() -> None:
    made = FORM.fullmatch(render(message("it burns", 7), 8192).decode())

    assert made is not None
    assert made.group(1, 2, 3, 4, 6) == ("131", "2023-11-14T22:13:20.250Z", "node-1", "agent-pacing", "alarm.raised")
    assert made.group(7, 8) == ('[alarm@32473 number="7"]', "it burns")


@given(
    host=st.text(max_size=300),
    kind=st.text(max_size=50),
    text=st.text(max_size=300),
    data=st.dictionaries(st.text(max_size=40), st.text(max_size=60), max_size=4),
    most=st.sampled_from([2048, 8192]),
)
def test_whatever_is_in_it_a_message_keeps_to_the_form(
    host: str, kind: str, text: str, data: dict[str, str], most: int
) -> None:
    raw = render(SyslogMessage(SyslogSeverity.DEBUG, 0.0, host, kind, text, data), most)

    assert len(raw) <= most
    assert FORM.fullmatch(raw.decode()) is not None
    assert b"\n" not in raw


def test_a_long_message_is_cut_at_a_character() -> None:
    raw = render(message("ä" * 5000), 2048)

    assert 2040 < len(raw) <= 2048
    raw.decode()


def test_text_beyond_ascii_is_marked_as_utf_8() -> None:
    assert "\ufeffgrün" in render(message("grün"), 8192).decode()
    assert b"\xef\xbb\xbf" not in render(message("green"), 8192)


def test_a_frame_counts_bytes_not_characters() -> None:
    raw = render(message("grün"), 8192)

    assert frame(raw) == str(len(raw)).encode() + b" " + raw


# --- over sockets ----------------------------------------------------------------------------------------------------


def free_port() -> int:
    return choose_quiet(1)[0]


async def test_a_batch_arrives_over_tcp_on_one_connection() -> None:
    receiver = SyslogReceiver()
    async with receiver.listen() as port:
        sender = SyslogSender([("127.0.0.1", port)])
        await sender.deliver([message("first\nline", 1), message("zweite ü", 2)])
        await sender.deliver([message("third", 3)])
        await receiver.wait(3)
        await sender.close()

    assert [text.partition("] ")[2] for text in receiver.texts] == ["first line", "\ufeffzweite ü", "third"]
    assert receiver.connections == 1


async def test_a_receiver_that_hung_up_between_two_batches_is_connected_again() -> None:
    receiver = SyslogReceiver()
    receiver.hang_up_after = 1
    async with receiver.listen() as port:
        sender = SyslogSender([("127.0.0.1", port)])
        await sender.deliver([message("first")])
        await receiver.wait(1)
        await until(lambda: receiver.hung_up)
        await until(sender._line._reader.at_eof, "the news of it has arrived")  # type: ignore[union-attr]
        with pytest.raises(DeliveryError, match="closed the connection"):
            await sender.deliver([message("second")])
        await sender.deliver([message("second")])
        await receiver.wait(2)
        await sender.close()

    assert [text.partition("] ")[2] for text in receiver.texts] == ["first", "second"]


async def test_nobody_listening_is_a_failure_that_names_the_receiver() -> None:
    port = free_port()
    sender = SyslogSender([("127.0.0.1", port)])

    with pytest.raises(DeliveryError, match=f"127.0.0.1:{port}") as caught:
        await sender.deliver([message("lost")])

    assert not caught.value.permanent


async def test_a_receiver_that_does_not_read_is_given_up_after_the_time_allowed() -> None:
    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()
        await asyncio.Event().wait()

    async with listening(deaf) as server:
        server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sender = SyslogSender([server.socket.getsockname()], timeout_seconds=0.3)

        with pytest.raises(DeliveryError, match="no answer in time"):
            await sender.deliver([message("x" * 8000, number) for number in range(2000)])

        await sender.close()


async def test_what_the_receivers_kernel_has_not_confirmed_is_not_delivered() -> None:
    with socket.socket() as listening:
        # Connections are made, but nobody takes them, and there is room for a small part of the batch only.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        sender = SyslogSender([listening.getsockname()], timeout_seconds=0.5)
        await sender.deliver([message("small")])

        with pytest.raises(DeliveryError, match="no answer in time"):
            await sender.deliver([message("x" * 5000, number) for number in range(10)])

        await sender.close()


async def test_the_backup_is_used_while_the_primary_does_not_answer() -> None:
    receiver = SyslogReceiver()
    async with receiver.listen() as port:
        sender = SyslogSender([("127.0.0.1", free_port()), ("127.0.0.1", port)])
        await sender.deliver([message("over the backup")])
        await receiver.wait(1)
        await sender.close()

    assert len(receiver.texts) == 1


async def test_tls_reaches_a_receiver_whose_certificate_is_good_and_no_other() -> None:
    authority, other = trustme.CA(), trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(server)
    trusting, strange = ssl.create_default_context(), ssl.create_default_context()
    authority.configure_trust(trusting)
    other.configure_trust(strange)
    receiver = SyslogReceiver()
    async with receiver.listen(tls=server) as port:
        sender = SyslogSender([("127.0.0.1", port)], "tls", trusting)
        await sender.deliver([message("secret")])
        await receiver.wait(1)
        await sender.close()
        with pytest.raises(DeliveryError, match="certificate"):
            await SyslogSender([("127.0.0.1", port)], "tls", strange).deliver([message("not sent")])

    assert [text.partition("] ")[2] for text in receiver.texts] == ["secret"]


async def test_udp_sends_one_datagram_per_message() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiving:
        receiving.bind(("127.0.0.1", 0))
        receiving.settimeout(30)
        sender = SyslogSender([receiving.getsockname()], "udp")
        await sender.deliver([message("first"), message("ü" * 3000)])
        await sender.close()
        datagrams = [receiving.recv(65536) for _ in range(2)]

    assert datagrams[0].endswith(b"] first")
    assert 2000 < len(datagrams[1]) <= 2048


async def test_udp_notices_when_the_network_says_that_nobody_listens() -> None:
    sender = SyslogSender([("127.0.0.1", free_port())], "udp")

    with pytest.raises(DeliveryError, match="refused"):
        await sender.deliver([message("lost")])


async def test_alarms_are_messages_with_their_parts_as_structured_data() -> None:
    receiver = SyslogReceiver()
    async with receiver.listen() as port:
        sink = SyslogSink(SyslogSender([("127.0.0.1", port)]), host="host-1", cluster="demo")
        await sink.deliver([raised(), cleared()])
        await receiver.wait(2)
        await sink.close()

    first, second = (FORM.fullmatch(text) for text in receiver.texts)
    assert first is not None
    assert second is not None
    assert first.group(1) == str(16 * 8 + SyslogSeverity.CRITICAL)
    assert second.group(1) == str(16 * 8 + SyslogSeverity.NOTICE)
    assert (first.group(6), second.group(6)) == ("alarm.raised", "alarm.cleared")
    assert 'condition="PacingRequestsFailed" object="engagement platform" severity="critical"' in first.group(7)
    assert first.group(8) == (
        "alarm raised: PacingRequestsFailed on engagement platform: 3 pushes, threshold 3 pushes (HTTP 503)"
    )
    identity = re.compile(r' id="([^"]+)"')
    assert identity.search(first.group(7)).group(1) == identity.search(second.group(7)).group(1)  # type: ignore[union-attr]
