"""The log of a running process follows the options; before there are any the node's own hold."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path

import pytest
import structlog
import trustme

from pacing_node.assembly.node_logs import NodeLogs
from pacing_node.logs import configure_logs, use_log_options
from pacing_node.options.cluster_options import ClusterOptions, parse_cluster_options
from pacing_node.options.errors import ConfigurationError
from pacing_node.options.log_options import LogOptions, Verbosity
from tests.support.syslog_receiver import SyslogReceiver
from tests.support.waiting import until

pytestmark = pytest.mark.usefixtures("own_log")


def events(text: str) -> list[str]:
    return [json.loads(line)["event"] for line in text.splitlines()]


def nothing() -> None:
    return None


def say() -> None:
    """One event of every level, by loggers that were made before."""
    structlog.get_logger("pacing_node.alarms.sinks").error("alarm.raised", condition="x")
    structlog.get_logger("pacing_node.node").info("standard.event")
    structlog.get_logger("pacing_node.engagement.part").debug("interaction.event")
    structlog.get_logger("cluster.peers.server").debug("trace.event")
    logging.getLogger("asyncio").debug("debug event")
    logging.getLogger("httpcore").debug("never shown")


ALL = ["alarm.raised", "standard.event", "interaction.event", "trace.event", "debug event"]


def test_the_nodes_own_level_holds_first(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", "json", "n1")
    say()

    lines = capsys.readouterr().out
    assert events(lines) == ALL[:2]
    assert {json.loads(line)["node"] for line in lines.splitlines()} == {"n1"}


def test_more_and_less_is_written_as_the_options_change(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("error", "json", "n1")
    seen = {}
    say()
    seen["own"] = events(capsys.readouterr().out)
    for verbose in (Verbosity.ALL, Verbosity.INTERACTION, Verbosity.STANDARD, Verbosity.NONE, Verbosity.TRACE):
        use_log_options(LogOptions(verbose=verbose, all=("stdout",)), nothing)
        say()
        seen[verbose.value] = events(capsys.readouterr().out)
    use_log_options(None, nothing)
    say()

    assert seen == {
        "own": ALL[:1],
        "all": ALL,
        "interaction": ALL[:3],
        "standard": ALL[:2],
        "none": [],
        "trace": ALL[:4],
    }
    assert events(capsys.readouterr().out) == ALL[:1]


def test_each_output_gets_its_levels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("info", "json", "n1")
    options = LogOptions(
        verbose=Verbosity.ALL,
        alarm=("stderr", str(tmp_path / "alarms")),
        trace=(str(tmp_path / "trace"),),
        debug=(str(tmp_path / "debug.log"),),
    )
    use_log_options(options, nothing)
    say()
    use_log_options(None, nothing)

    shown = capsys.readouterr()
    files = {path.name.partition(".")[0]: events(path.read_text()) for path in tmp_path.iterdir()}
    assert events(shown.out) == ALL[:2]
    assert events(shown.err) == ALL[:1]
    assert files == {"alarms": ALL[:1], "trace": ALL[:4], "debug": ALL}


def test_an_exception_is_written_to_a_file_in_one_line(tmp_path: Path) -> None:
    configure_logs("info", "json", "n1")
    use_log_options(LogOptions(all=(str(tmp_path / "log"),), standard=()), nothing)
    try:
        raise ValueError("broken")
    except ValueError:
        structlog.get_logger("pacing_node.node").exception("it.failed")
        logging.getLogger("library").exception("it failed there too")
    use_log_options(None, nothing)

    (file,) = tmp_path.iterdir()
    first, second = (json.loads(line) for line in file.read_text().splitlines())
    assert "ValueError: broken" in first["exception"]
    assert "ValueError: broken" in second["exception"]


def test_a_process_with_a_log_of_its_own_is_left_alone() -> None:
    before = list(logging.getLogger().handlers)

    use_log_options(LogOptions(verbose=Verbosity.NONE), nothing)

    assert logging.getLogger().handlers == before


# --- a node ----------------------------------------------------------------------------------------------------------

BASE = "configServer: {path: objects.yaml}\nstatServer: {primary: 'localhost:1'}\n"


def cluster(text: str = "") -> ClusterOptions:
    return parse_cluster_options(BASE + text, "test")


async def test_without_the_section_the_nodes_own_options_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("debug", "json", "n1")
    node = NodeLogs("host-1")

    await node.use(cluster())
    say()
    without = events(capsys.readouterr().out)
    await node.use(cluster("log: {verbose: standard}\n"))
    say()
    given = events(capsys.readouterr().out)
    await node.use(cluster())
    say()
    again = events(capsys.readouterr().out)
    await node.stop()

    assert (without, given, again) == (ALL, ALL[:2], ALL)


async def test_the_output_network_is_message_server_and_alarms_go_there_by_their_own_way(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs("info", "json", "n1")
    receiver, node = SyslogReceiver(), NodeLogs("host-1")
    async with receiver.listen() as port:
        await node.use(
            cluster(f"log: {{verbose: interaction, all: network}}\nmessageServer: {{primary: '127.0.0.1:{port}'}}\n")
        )
        await asyncio.to_thread(say)
        await receiver.wait(2)
        await node.stop()

    texts = [text.partition(" - ")[2] for text in receiver.texts]
    assert events("\n".join(texts)) == ALL[1:3]
    assert " host-1 agent-pacing " in receiver.texts[0]
    assert receiver.texts[1].startswith("<135>1 ")
    assert events(capsys.readouterr().out) == ALL[:2]


async def test_network_without_a_message_server_is_told_and_nothing_else_suffers(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs("info", "json", "n1")
    node = NodeLogs("host-1")

    await node.use(cluster("log: {all: 'network, stdout'}\n"))
    say()
    await node.stop()

    assert events(capsys.readouterr().out) == ["log.no_message_server", *ALL[:2]]


async def test_message_server_is_reached_when_its_authorities_come_late(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Meanwhile the other outputs are in force, and trying again begins none of them anew."""
    configure_logs("info", "json", "n1")
    node, file = NodeLogs("host-1"), tmp_path / "authorities.pem"
    options = cluster(
        f"log: {{all: 'network, stdout, {tmp_path}/node.log'}}\n"
        f"messageServer: {{primary: '127.0.0.1:1', transport: tls, authorities: '{file}'}}\n"
    )
    outputs = []
    for _ in range(2):
        with pytest.raises(ConfigurationError, match=str(file)):
            await node.use(options)
        say()
        outputs.append(list(logging.getLogger().handlers))
    assert outputs[0] == outputs[1]
    file.write_bytes(trustme.CA().cert_pem.bytes())
    await node.use(options)
    say()
    await until(lambda: node._outbox is not None and node._outbox.waiting > 0)
    await node.stop()

    assert events(capsys.readouterr().out)[:6] == [*ALL[:2]] * 3
