"""`pacing config`: checks that say everything, and changes that never overwrite somebody else's."""

from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from cluster.zookeeper.document_stores import LocalDocuments
from pacing_node.cli import config
from pacing_node.options.document_access import open_documents
from pacing_node.options.masking import masked
from pacing_node.options.node_options import load_node_options
from pacing_node.options.options_store import OptionsStore, read_options
from tests.support.waiting import until

EXAMPLES = Path(__file__).parents[2] / "examples"
GOOD = """configServer: {path: objects.yaml}
statServer: {primary: 'stat1:7000'}
pacing: {refreshPeriod: 5}   # seconds
forward-proxy: {host: proxy, port: 3128, user: u, password: hush}
"""


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PACING_CONFIG", "PACING_ZOOKEEPER", "VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """A node that stands alone; its options are kept in its state directory."""
    path = tmp_path / "node.yaml"
    path.write_text("zookeeper: none\nstate_directory: state\n")
    (tmp_path / "state").mkdir()
    return path


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "cluster.yaml"
    path.write_text(GOOD)
    return path


def run(*arguments: object, say: str = "") -> tuple[int, str, str]:
    app = typer.Typer()
    config.register(app)
    result = CliRunner().invoke(app, ["config", *map(str, arguments)], input=say, env={"COLUMNS": "200"})
    return result.exit_code, result.stdout, result.stderr


def kept(node: Path) -> str | None:
    async def read() -> str | None:
        async with open_documents(load_node_options(node, {})) as documents:
            stored = await read_options(documents)
            return stored.text if stored else None

    return asyncio.run(read())


def test_good_files_of_every_kind_are_recognised_and_well() -> None:
    status, shown, _ = run("check", *sorted(EXAMPLES.glob("*.yaml")))

    assert status == 0
    assert f"{EXAMPLES}/node.yaml: node: well" in shown
    assert f"{EXAMPLES}/cluster.yaml: cluster: well" in shown
    assert f"{EXAMPLES}/objects.yaml: objects: well" in shown
    assert "Proactive Chat - chat" in shown


def test_a_check_says_everything_and_ends_with_status_2(tmp_path: Path) -> None:
    file = tmp_path / "cluster.yaml"
    file.write_text(GOOD.replace("refreshPeriod: 5", "refreshPeriod: 0") + "logg: {}\n")

    status, shown, _ = run("check", file)

    assert status == 2
    assert shown.splitlines() == [
        f"refused: {file}:3:10: pacing.refreshPeriod: found '0'; allowed: a number from 1 to 3600",
        f"refused: {file}:5:1: logg: found an unknown key; allowed: did you mean log?",
        f"{file}: cluster: not well",
    ]


def test_what_is_left_out_of_objects_is_not_well_and_what_is_doubtful_is(tmp_path: Path) -> None:
    (tmp_path / "objects.yaml").write_text(
        (EXAMPLES / "objects.yaml").read_text().replace('Skill("Spanish") > 5', 'Skill("Spanish") >')
    )

    status, shown, _ = run("check", tmp_path, "--output", "json")

    assert status == 2
    (report,) = json.loads(shown)
    assert (report["kind"], report["well"], report["problems"]) == ("objects", False, [])
    assert [finding["code"] for finding in report["findings"]] == [
        "broken_expression",
        "queue_without_groups",
    ]
    assert report["targets"] == ["Proactive Chat - chat", "Proactive Voice - voice"]


def test_gaps_in_the_credentials_of_the_platform_are_not_well(tmp_path: Path) -> None:
    file = tmp_path / "objects.yaml"
    file.write_text((EXAMPLES / "objects.yaml").read_text().replace("        client_id: pacing\n", ""))

    status, shown, _ = run("check", file)

    assert status == 2
    assert 'transaction "hybrid_integration": ewt.client_id: found nothing; allowed: the id of the OAuth' in shown
    assert "change-me" not in shown


def test_a_file_of_no_kind_says_so(tmp_path: Path) -> None:
    file = tmp_path / "other.yaml"
    file.write_text("colour: blue\n")

    status, shown, _ = run("check", file)
    assert status == 2
    assert "found no known key; allowed: keys of a node, a cluster or configuration objects" in shown

    status, shown, _ = run("check", file, "--kind", "node")
    assert "colour: found an unknown key" in shown


def test_options_are_applied_and_shown_with_secrets_covered(node: Path, good: Path) -> None:
    assert run("show", "-c", node)[0] == 4

    status, shown, _ = run("apply", good, "-c", node, "--yes")
    assert status == 0
    assert shown.endswith("before: no options\nafter:  version 0\n")
    assert "hush" not in shown
    assert kept(node) == GOOD

    status, shown, _ = run("show", "-c", node)
    assert (status, shown) == (0, "# version 0\n" + GOOD.replace("hush", "********"))
    assert run("show", "-c", node, "--reveal")[1] == "# version 0\n" + GOOD


def test_the_same_options_again_change_nothing(node: Path, good: Path) -> None:
    run("apply", good, "-c", node, "--yes")

    assert run("apply", good, "-c", node) == (0, "no difference; the options stay at version 0\n", "")
    assert run("diff", good, "-c", node) == (0, "no difference\n", "")


def test_a_difference_is_shown_before_it_is_put_in_force(node: Path, good: Path) -> None:
    run("apply", good, "-c", node, "--yes")
    good.write_text(GOOD.replace("refreshPeriod: 5", "refreshPeriod: 7").replace("stat1", "stat2"))

    status, shown, _ = run("diff", good, "-c", node)
    assert status == 1
    assert "-pacing: {refreshPeriod: 5}   # seconds\n" in shown
    assert "+pacing: {refreshPeriod: 7}   # seconds\n" in shown

    status, shown, _ = run("apply", good, "-c", node, "--dry-run")
    assert "statServer.primary takes effect at the next start of each node" in shown
    assert status == 0
    assert run("apply", good, "-c", node, say="n\n")[0] == 1
    assert kept(node) == GOOD

    assert run("apply", good, "-c", node, say="y\n")[0] == 0
    assert kept(node) == good.read_text()


def test_a_change_of_a_secret_is_mentioned_and_not_shown(node: Path, good: Path) -> None:
    run("apply", good, "-c", node, "--yes")
    good.write_text(GOOD.replace("hush", "whisper"))

    shown = run("apply", good, "-c", node, "--yes")[1]

    assert shown.startswith("only values of secrets differ\n")
    assert "whisper" not in shown
    assert kept(node) == good.read_text()


def test_bad_options_are_never_put_in_force(node: Path, good: Path) -> None:
    good.write_text(GOOD + "tenant: [a]\n")

    status, _, said = run("apply", good, "-c", node, "--yes")

    assert status == 2
    assert said == f"{good}:5:1: tenant: found a list of 1; allowed: text\n"
    assert kept(node) is None


def editor(tmp_path: Path, *commands: str) -> str:
    """An editor that makes one change at each start."""
    script = tmp_path / "editor.sh"
    count = tmp_path / "count"
    cases = "\n".join(f'{number}) sed -i {command} "$1";;' for number, command in enumerate(commands, start=1))
    script.write_text(f"#!/bin/sh\necho x >> {count}\ncase $(wc -l < {count}) in\n{cases}\nesac\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return str(script)


def test_editing_goes_on_until_the_options_are_good(
    node: Path, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("apply", good, "-c", node, "--yes")
    monkeypatch.setenv("EDITOR", editor(tmp_path, "'s/Period: 5/Period: soon/'", "'s/Period: soon/Period: 9/'"))

    status, _, said = run("edit", "-c", node, "--yes", say="y\n")

    assert status == 0
    assert "your text:3:10: pacing.refreshPeriod: found 'soon'" in said
    assert kept(node) == GOOD.replace("refreshPeriod: 5", "refreshPeriod: 9")


def test_an_edit_that_is_given_up_changes_nothing(
    node: Path, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("apply", good, "-c", node, "--yes")
    monkeypatch.setenv("EDITOR", editor(tmp_path, "'s/Period: 5/Period: soon/'"))
    assert run("edit", "-c", node, say="n\n")[0] == 2

    monkeypatch.setenv("EDITOR", "false")
    status, _, said = run("edit", "-c", node)
    assert status == 1
    assert said.startswith("pacing: the editor false failed")
    assert kept(node) == GOOD


def test_whoever_is_slower_is_refused_and_shown_what_the_other_did(
    node: Path, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The editor stays open while somebody else applies a file."""
    run("apply", good, "-c", node, "--yes")
    other = tmp_path / "other.yaml"
    other.write_text(GOOD.replace("refreshPeriod: 5", "refreshPeriod: 2"))
    real = config._edited

    def slow(text: str) -> str:
        assert run("apply", other, "-c", node, "--yes")[0] == 0
        return real(text)

    monkeypatch.setattr(config, "_edited", slow)
    monkeypatch.setenv("EDITOR", editor(tmp_path, "'s/Period: 5/Period: 9/'"))

    status, _, said = run("edit", "-c", node, "--yes")

    assert status == 1
    assert "+pacing: {refreshPeriod: 2}   # seconds" in said
    assert said.endswith("pacing: somebody else was faster: the options are at version 1 now; nothing was written\n")
    assert kept(node) == other.read_text()


def test_an_ensemble_that_does_not_answer_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pacing_node.options.document_access.CONNECT_SECONDS", 0.2)
    node = tmp_path / "node.yaml"
    node.write_text("zookeeper: {hosts: '127.0.0.1:1'}\n")

    status, _, said = run("show", "-c", node)

    assert status == 3
    assert said == "pacing: no answer from ZooKeeper at 127.0.0.1:1 within 0.2 s\n"


def test_a_text_that_cannot_be_read_is_covered_whole() -> None:
    assert masked("password: [hush") == "(a text that is not valid YAML and may hold secrets)\n"
    assert masked("") == ""


@pytest.mark.parametrize(
    "text",
    [
        "configServer: {path: x, <<: {password: hush}}",
        "configServer: {path: x, <<: [{<<: {user: u, password: hush}}]}",
        "<<: {configServer: {path: x, password: hush}}",
        "configServer: &c {path: x, password: hush}\nstatServer: *c\nforward-proxy: {<<: *c}",
    ],
)
def test_a_secret_is_covered_however_it_is_merged_into_its_section(text: str) -> None:
    assert "hush" not in masked(text)
    assert masked(text).count("********") == 1
    assert masked(text).replace("********", "hush") == text


@pytest.mark.ensemble
def test_a_change_reaches_the_nodes_through_a_real_ensemble(zookeeper_hosts: str, tmp_path: Path, good: Path) -> None:
    """Two stores follow the document in ZooKeeper while the command changes it."""
    hosts, _, base = zookeeper_hosts.partition("/")
    node = tmp_path / "node.yaml"
    node.write_text(f"cluster: c1\nzookeeper: {{hosts: '{hosts}', root: /{base}}}\n")
    good.write_text(GOOD)

    async def follow() -> list[list[float]]:
        options = load_node_options(node, {})
        seen: list[list[float]] = [[], []]
        async with open_documents(options) as first, open_documents(options) as second:
            tasks = []
            for periods, documents in zip(seen, (first, second), strict=True):
                documents.start()  # type: ignore[attr-defined]
                documents.joined()  # type: ignore[attr-defined]

                async def use(changed: object, periods: list[float] = periods) -> None:
                    periods.append(changed.pacing.refresh_seconds)  # type: ignore[attr-defined]

                tasks.append(asyncio.create_task(OptionsStore(documents, good).run(use)))
            await until(lambda: all(seen))
            changed = tmp_path / "changed.yaml"
            changed.write_text(GOOD.replace("refreshPeriod: 5", "refreshPeriod: 2"))
            status, _, said = await asyncio.to_thread(run, "apply", changed, "-c", node, "--yes")
            assert (status, said) == (0, "")
            await until(lambda: all(len(periods) == 2 for periods in seen))
            for task in tasks:
                task.cancel()
            await first.stop()  # type: ignore[attr-defined]
            await second.stop()  # type: ignore[attr-defined]
        return seen

    assert asyncio.run(follow()) == [[5.0, 2.0], [5.0, 2.0]]


def test_a_local_document_is_the_one_a_node_alone_reads(node: Path, good: Path) -> None:
    run("apply", good, "-c", node, "--yes")

    async def read() -> bytes | None:
        documents = LocalDocuments(node.parent / "state" / "pacing.document")
        await documents.load()
        found = await documents.read()
        return found.data if found else None

    assert asyncio.run(read()) == GOOD.encode()


@pytest.mark.ensemble
def test_options_larger_than_zookeeper_takes_are_refused_before_they_are_shown(
    zookeeper_hosts: str, tmp_path: Path, good: Path
) -> None:
    hosts, _, base = zookeeper_hosts.partition("/")
    node = tmp_path / "node.yaml"
    node.write_text(f"cluster: c1\nzookeeper: {{hosts: '{hosts}', root: /{base}}}\n")
    good.write_text(f"{GOOD}# {'x' * 1_200_000}\n")

    status, shown, said = run("apply", good, "-c", node, "--yes")

    assert (status, shown) == (2, "")
    assert said.count("\n") == 1
    assert "ZooKeeper takes less than 1048575 in one message (jute.maxbuffer of the ensemble" in said


def test_a_file_of_which_nothing_is_known_is_called_none_of_the_kinds(tmp_path: Path) -> None:
    (file := tmp_path / "notes.yaml").write_text("remember: milk\n")

    status, shown, _ = run("check", file)

    assert status == 2
    assert shown.splitlines()[-1] == f"{file}: not well"
    assert json.loads(run("check", file, "--output", "json")[1])[0]["kind"] is None
