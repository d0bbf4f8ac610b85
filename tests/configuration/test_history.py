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

from cluster.zookeeper.document_stores import LocalDocuments
from pacing_node.cli import config
from pacing_node.options.options_history import (
    KEPT_VERSIONS,
    MOST_BYTES,
    PastVersion,
    decode_history,
    encode_history,
    read_history,
    record,
)
from pacing_node.options.options_store import StoredOptions

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


def run(*arguments: object, say: str = "") -> tuple[int, str, str]:
    app = typer.Typer()
    config.register(app)
    result = CliRunner().invoke(app, ["config", *map(str, arguments)], input=say, env={"COLUMNS": "200"})
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


def kept(node: Path) -> str:
    return run("show", "-c", node, "--reveal")[1].partition("\n")[2]


def test_a_version_is_put_in_force_again_after_its_difference_was_shown_and_agreed_to(node: Path) -> None:
    newer = GOOD.replace("refreshPeriod: 5", "refreshPeriod: 2").replace("hush", "quiet").replace("stat1", "stat2")
    put(node, GOOD)
    put(node, newer)

    dry = run("history", "--restore", 0, "--dry-run", "-c", node)
    refused = run("history", "--restore", 0, "-c", node, say="n\n")
    before = kept(node)
    done = run("history", "--restore", 0, "-c", node, say="y\n")

    assert (dry[0], refused[0], before) == (0, 1, newer)
    assert {"-pacing: {refreshPeriod: 2}", "+pacing: {refreshPeriod: 5}"} <= set(dry[1].splitlines())
    assert "statServer.primary takes effect at the next start of each node" in dry[1]
    assert not any(secret in "".join(dry[1:] + done[1:]) for secret in ("hush", "quiet"))
    assert (done[0], done[1].splitlines()[-2:]) == (0, ["before: version 1", "after:  version 2"])
    assert kept(node) == GOOD
    versions = json.loads(run("history", "-c", node, "-o", "json")[1])
    assert [each["version"] for each in versions] == [0, 1, 2]


def test_the_version_in_force_again_changes_nothing(node: Path) -> None:
    put(node, GOOD)

    assert run("history", "--restore", 0, "-c", node) == (0, "no difference; the options stay at version 0\n", "")


def test_a_version_that_is_not_kept_or_not_acceptable_any_more_is_not_put_in_force(node: Path) -> None:
    put(node, GOOD)
    documents = LocalDocuments(node.parent / "state" / "pacing.history")

    async def old_release() -> None:
        await documents.load()
        before = await documents.read()
        assert before is not None
        versions = [*decode_history(before.data), PastVersion(7, GOOD + "gone: 1\n")]
        await documents.write(encode_history(versions), before.version)

    asyncio.run(old_release())

    unknown = run("history", "--restore", 5, "--yes", "-c", node)
    unfit = run("history", "--restore", 7, "--yes", "-c", node)

    assert (unknown[0], unknown[2]) == (4, "pacing: version 5 is not among those kept, 0 to 7\n")
    assert unfit[0] == 2
    assert unfit[2].startswith("version 7:5:1: gone: found an unknown key")
    assert kept(node) == GOOD


@pytest.mark.parametrize("wrong", [("1", "--restore", "0"), ("--yes",), ("0", "--dry-run")])
def test_options_that_do_not_belong_together_are_wrong_usage(node: Path, wrong: tuple[str, ...]) -> None:
    put(node, GOOD)

    assert run("history", *wrong, "-c", node)[0] == 2
    assert kept(node) == GOOD


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


@pytest.mark.ensemble
def test_a_version_is_restored_in_a_real_ensemble_unless_somebody_else_was_faster(
    zookeeper_hosts: str, node: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts, _, base = zookeeper_hosts.partition("/")
    node.write_text(f"cluster: c1\nzookeeper: {{hosts: '{hosts}', root: /{base}}}\n")
    put(node, GOOD)
    put(node, GOOD.replace("refreshPeriod: 5", "refreshPeriod: 2"))

    done = run("history", "--restore", 0, "--yes", "-c", node)
    restored = kept(node)

    def meanwhile(*_: object, **__: object) -> bool:
        """Somebody else applies a file while the question is being read."""
        put(node, GOOD.replace("refreshPeriod: 5", "refreshPeriod: 9"))
        return True

    monkeypatch.setattr(typer, "confirm", meanwhile)
    late = run("history", "--restore", 1, "-c", node)

    assert (done[0], restored) == (0, GOOD)
    assert late[0] == 1
    assert "+pacing: {refreshPeriod: 9}" in late[2]
    assert late[2].endswith("somebody else was faster: the options are at version 3 now; nothing was written\n")
    assert kept(node) == GOOD.replace("refreshPeriod: 5", "refreshPeriod: 9")
