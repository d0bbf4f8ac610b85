"""`pacing config history`: every change by a command stays known, bounded, with secrets covered."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from cluster.document_stores import LocalDocuments
from pacing_node.cli import config
from pacing_node.configuration.history import (
    KEPT_VERSIONS,
    MOST_BYTES,
    PastVersion,
    decode_history,
    encode_history,
    read_history,
    record,
)
from pacing_node.configuration.store import StoredOptions

GOOD = """configServer: {path: objects.yaml}
statServer: {primary: 'stat1:7000'}
pacing: {refreshPeriod: 5}
forward-proxy: {host: proxy, port: 3128, user: u, password: hush}
"""


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("PACING_CONFIG", "PACING_ZOOKEEPER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LOGNAME", "ida")
    path = tmp_path / "node.yaml"
    path.write_text("zookeeper: none\nstate_directory: state\n")
    (tmp_path / "state").mkdir()
    return path


def run(*arguments: object) -> tuple[int, str, str]:
    app = typer.Typer()
    config.register(app)
    result = CliRunner().invoke(app, ["config", *map(str, arguments)], env={"COLUMNS": "200"})
    return result.exit_code, result.stdout, result.stderr


def put(node: Path, text: str) -> None:
    file = node.parent / "cluster.yaml"
    file.write_text(text)
    status, _, said = run("apply", file, "-c", node, "--yes")
    assert (status, said) == (0, "")


def test_who_changed_what_and_when_is_listed(node: Path) -> None:
    put(node, GOOD)
    put(node, GOOD.replace("refreshPeriod: 5", "refreshPeriod: 2"))

    status, shown, _ = run("history", "-c", node)
    versions = json.loads(run("history", "-c", node, "-o", "json")[1])
    change = run("history", "1", "-c", node)[1]

    assert status == 0
    assert "ida@" in shown
    assert [(each["version"], each["changes"]) for each in versions] == [(0, "first kept"), (1, "+1 -1")]
    assert versions[0]["written_at"] <= versions[1]["written_at"]
    assert "-pacing: {refreshPeriod: 5}\n+pacing: {refreshPeriod: 2}" in change


def test_secrets_stay_covered(node: Path) -> None:
    put(node, GOOD)
    put(node, GOOD.replace("hush", "quiet").replace("port: 3128", "port: 3129"))

    shown = run("history", "-c", node, "-o", "json")[1] + run("history", "1", "-c", node)[1]

    assert "3129" in shown
    assert "hush" not in shown
    assert "quiet" not in shown


def test_without_changes_or_with_an_unknown_version_that_is_said(node: Path) -> None:
    assert run("history", "-c", node)[0] == 4
    put(node, GOOD)

    status, _, said = run("history", "7", "-c", node)

    assert status == 4
    assert said == "pacing: version 7 is not among those kept, 0 to 0\n"


async def test_options_that_were_seeded_are_known_from_their_first_change() -> None:
    documents = LocalDocuments(None)

    await record(documents, StoredOptions("seed", 3), PastVersion(4, "changed", 1000.0, "ida@desk"))

    assert await read_history(documents) == (PastVersion(3, "seed"), PastVersion(4, "changed", 1000.0, "ida@desk"))


async def test_changes_at_the_same_time_are_all_kept() -> None:
    documents = LocalDocuments(None)

    await asyncio.gather(*(record(documents, None, PastVersion(each, "text")) for each in range(5)))

    assert [past.version for past in await read_history(documents)] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("length", [10, 100_000, MOST_BYTES + 1])
def test_only_the_newest_versions_are_kept_and_they_fit(length: int) -> None:
    data = encode_history([PastVersion(version, "x" * length) for version in range(100)])

    kept = [past.version for past in decode_history(data)]

    assert len(data) <= MOST_BYTES
    assert kept == list(range(100))[100 - len(kept) :]
    assert len(kept) == {10: KEPT_VERSIONS, 100_000: 4, MOST_BYTES + 1: 0}[length]


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["version", "text", "written_at", "written_by"]), inner, max_size=4)
    ),
)


@given(st.binary(max_size=40) | documents.map(lambda each: json.dumps(each).encode()))
def test_what_cannot_be_read_is_left_out(data: bytes) -> None:
    assert all(isinstance(past.text, str) for past in decode_history(data))


@pytest.mark.ensemble
def test_the_history_is_kept_in_a_real_ensemble(zookeeper_hosts: str, node: Path) -> None:
    hosts, _, base = zookeeper_hosts.partition("/")
    node.write_text(f"cluster: c1\nzookeeper: {{hosts: '{hosts}', root: /{base}}}\n")
    put(node, GOOD)
    put(node, GOOD.replace("refreshPeriod: 5", "refreshPeriod: 2"))

    versions = json.loads(run("history", "-c", node, "-o", "json")[1])

    assert [(each["version"], each["changes"]) for each in versions] == [(0, "first kept"), (1, "+1 -1")]
