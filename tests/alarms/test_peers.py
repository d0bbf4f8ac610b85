"""Alarms arrive at the receivers sites use: rsyslog over TCP, TLS and UDP, and Prometheus Alertmanager."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import trustme

from pacing_node.alarms.http_sinks import AlertmanagerSink
from pacing_node.alarms.sinks import SyslogSink
from pacing_node.delivery.outbox import Outbox
from pacing_node.delivery.syslog_sender import SyslogSender, Transport
from simulator.harness.ports import choose_quiet
from tests.support.alarm_parts import cleared, raised
from tests.support.packages import PATIENT, program
from tests.support.waiting import until, until_blocking

pytestmark = [pytest.mark.peers, pytest.mark.xdist_group("peers"), PATIENT]

CONFIGURATION = """
global(workDirectory="{folder}" maxMessageSize="16k" parser.escapeControlCharactersOnReceive="off")
module(load="imudp")
module(load="imtcp")
template(name="parts" type="string"
  string="%syslogfacility-text%.%syslogseverity-text%|%hostname%|%app-name%|%msgid%|%structured-data%|%msg%\\n")
ruleset(name="keep") {{ action(type="omfile" file="{folder}/kept" template="parts") }}
input(type="imudp" address="127.0.0.1" port="{udp}" ruleset="keep")
input(type="imtcp" address="127.0.0.1" port="{tcp}" ruleset="keep")
"""
TLS = """
input(type="imtcp" address="127.0.0.1" port="{tls}" ruleset="keep" streamdriver.name="gtls" streamdriver.mode="1"
  streamdriver.authmode="anon" streamdriver.cafile="{folder}/ca.pem" streamdriver.certfile="{folder}/cert.pem"
  streamdriver.keyfile="{folder}/key.pem")
"""
GTLS = Path("/usr/lib")


def wait_for_port(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    def listens() -> bool:
        assert process.poll() is None, log.read_text()
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True

    until_blocking(listens, state=log.read_text, passing=(OSError,))


@dataclass
class Rsyslog:
    """A running rsyslogd that writes the parts of every message to a file."""

    command: list[str]
    folder: Path
    ports: dict[str, int]
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        log = self.folder / "log"
        with log.open("ab") as output:
            self.process = subprocess.Popen(self.command, stdout=output, stderr=output)
        wait_for_port(self.process, self.ports["tcp"], log)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(60)

    async def kept(self, count: int) -> list[list[str]]:
        file = self.folder / "kept"

        def lines() -> list[str]:
            return file.read_text().splitlines() if file.exists() else []

        await until(lambda: len(lines()) >= count)
        return [line.split("|") for line in lines()]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def rsyslog(tmp_path: Path, authority: trustme.CA) -> Iterator[Rsyslog]:
    command = program("rsyslogd", "rsyslog", "rsyslog-gnutls")
    udp, tcp, tls = choose_quiet(3)
    configuration = CONFIGURATION.format(folder=tmp_path, udp=udp, tcp=tcp)
    if any(GTLS.glob("*/rsyslog/lmnsd_gtls.so")):
        certificate = authority.issue_cert("127.0.0.1", "localhost")
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
        for blob in certificate.cert_chain_pems:
            blob.write_to_path(tmp_path / "cert.pem", append=True)
        configuration += TLS.format(folder=tmp_path, tls=tls)
    file = tmp_path / "rsyslog.conf"
    file.write_text(configuration)
    ports = {"udp": udp, "tcp": tcp, "tls": tls}
    server = Rsyslog([command, "-n", "-f", str(file), "-i", str(tmp_path / "pid")], tmp_path, ports)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def sink(server: Rsyslog, transport: Transport, tls: ssl.SSLContext | None = None) -> SyslogSink:
    sender = SyslogSender([("127.0.0.1", server.ports[transport])], transport, tls)
    return SyslogSink(sender, host="host-1", cluster="demo")


@pytest.mark.parametrize("transport", ["tcp", "tls", "udp"])
async def test_rsyslog_reads_every_part_of_an_alarm(
    rsyslog: Rsyslog, authority: trustme.CA, transport: Transport
) -> None:
    context = None
    if transport == "tls":
        if not (rsyslog.folder / "ca.pem").exists():
            pytest.skip("rsyslog has no module for TLS: install rsyslog-gnutls")
        context = ssl.create_default_context(cafile=str(rsyslog.folder / "ca.pem"))
    syslog = sink(rsyslog, transport, context)

    await syslog.deliver([raised(), cleared()])
    first, second = await rsyslog.kept(2)
    await syslog.close()

    assert first[:4] == ["local0.crit", "host-1", "agent-pacing", "alarm.raised"]
    assert second[:4] == ["local0.notice", "host-1", "agent-pacing", "alarm.cleared"]
    assert first[4].startswith('[alarm@32473 event="raised" condition="PacingRequestsFailed" object="engagement pla')
    assert first[5].strip() == (
        "alarm raised: PacingRequestsFailed on engagement platform: 3 pushes, threshold 3 pushes (HTTP 503)"
    )


async def test_alarms_raised_while_rsyslog_is_down_arrive_when_it_is_back(rsyslog: Rsyslog) -> None:
    syslog = sink(rsyslog, "tcp")
    box = Outbox("syslog", syslog.deliver, first_delay_seconds=0.05, longest_delay_seconds=0.2)
    box.start()
    box.offer(raised(item="before"))
    await rsyslog.kept(1)

    await asyncio.to_thread(rsyslog.stop)
    for number in range(20):
        box.offer(raised(item=f"number {number}"))
    await until(lambda: box.trouble)
    await asyncio.to_thread(rsyslog.start)
    lines = await rsyslog.kept(21)
    await box.stop(2.0)
    await syslog.close()

    told = [line[5].partition(" on ")[2].partition(":")[0] for line in lines]
    assert told == ["before", *(f"number {number}" for number in range(20))]


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[str]:
    command = program("prometheus-alertmanager", "prometheus-alertmanager")
    (port,) = choose_quiet(1)
    file = tmp_path / "alertmanager.yml"
    file.write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                command,
                f"--config.file={file}",
                f"--storage.path={tmp_path / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
            ],
            stdout=output,
            stderr=output,
        )
    try:
        wait_for_port(process, port, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(60)


async def test_alertmanager_shows_an_alarm_from_raise_to_clear(alertmanager: str) -> None:
    sink, now = AlertmanagerSink(alertmanager, cluster="demo"), time.time()

    async with httpx.AsyncClient(base_url=alertmanager, trust_env=False, timeout=30.0) as client:

        def shown_by_number(number: int) -> Callable[[], Awaitable[list[dict[str, object]]]]:
            async def shown() -> list[dict[str, object]]:
                alerts = list((await client.get("/api/v2/alerts")).raise_for_status().json())
                return alerts if len(alerts) == number else []

            return shown

        await sink.deliver([raised(at=now - 30.0), raised("StatisticsStale", "statistics", now - 30.0)])
        active = await until(shown_by_number(2))
        # The clearing node is another one; Alertmanager knows the alarm again by its labels.
        await sink.deliver([cleared(at=now - 90.0)])
        left = await until(shown_by_number(1))
    await sink.close()

    labels = {str(alert["labels"]["alertname"]): alert for alert in active}  # type: ignore[index]
    assert set(labels) == {"PacingRequestsFailed", "StatisticsStale"}
    assert labels["PacingRequestsFailed"]["annotations"]["summary"].startswith("PacingRequestsFailed on")  # type: ignore[index]
    assert [alert["labels"]["alertname"] for alert in left] == ["StatisticsStale"]  # type: ignore[index]
