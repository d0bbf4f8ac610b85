"""Configuration objects from YAML and from the feed: broken ones are left out, broken documents are refused."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contact_center.v1 import configuration_pb2 as feed
from pacing_node.discovery.discover import discover
from pacing_node.objects.object_feed import objects_from_feed
from pacing_node.objects.object_files import load_objects, objects_of
from pacing_node.objects.packed_items import PackedDocument
from pacing_node.objects.platform_credentials import engagement_credentials
from pacing_node.options.errors import ConfigurationError
from pacing_node.options.yaml_documents import parse_document

if TYPE_CHECKING:
    from pacing_node.objects.object_model import ConfigurationObjects

PATIENT_FEW = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Machines that run tests are busy."""
EXAMPLE = Path(__file__).parents[2] / "examples" / "objects.yaml"


def parse(text: str) -> ConfigurationObjects:
    return objects_of([PackedDocument(parse_document(text, "objects.yaml"))])


def problems_of(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        parse(text)
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("kind", "item", "place", "message"),
    [
        ("agents", "{user_name: a1, skills: {x: high}}", 'agent "a1"', "skills.x: found 'high'; allowed: a whole"),
        ("agents", "{user_name: a1, skills: [x]}", 'agent "a1"', "skills: found a list of 1; allowed: a mapping of"),
        ("agents", "{employee_id: 7}", 'agent "?"', "user_name: found nothing; allowed: text"),
        ("agents", "a1", "agent", "found 'a1'; allowed: its fields"),
        ("agents", "{user_name: a1, logins: q}", 'agent "a1"', "logins: found 'q'; allowed: a list of texts"),
        ("agents", "{user_name: a1, enabled: maybe}", 'agent "a1"', "enabled: found 'maybe'; allowed: true or"),
        ("capacity_rules", "{name: r, media: {chat: -1}}", 'capacity rule "r"', "media.chat: found '-1'; allowed"),
        ("capacity_rules", "{name: r, media: {chat: 1001}}", 'capacity rule "r"', "media.chat: found '1001'; al"),
        ("virtual_queues", "{name: Q, switch: s}", 'virtual queue "Q"', "number: found nothing; allowed: text"),
        ("virtual_queues", "{name: Q, number: 1, switch: {}}", 'virtual queue "Q"', "switch: found a mapping; al"),
        ("agent_groups", "{name: G, agents: [a], script: x > 1}", 'agent group "G"', "found agents and a script"),
        ("agent_groups", "{name: G, annex: {pacing: 3}}", 'agent group "G"', "annex.pacing: found text; allowed"),
        ("transactions", "{name: T, annex: {ewt: {password: {x: hush}}}}", 'transaction "T"', "annex.ewt.pass"),
    ],
)
def test_a_broken_object_is_left_out_and_reported(kind: str, item: str, place: str, message: str) -> None:
    objects = parse(f"switches: [{{name: sw}}]\n{kind}: [{item}]\n")

    (finding,) = objects.findings
    assert (finding.severity, finding.code) == ("error", "broken_object")
    assert finding.where == f"objects.yaml:2: {place}"
    assert finding.message.startswith(message)
    assert "hush" not in finding.message
    assert getattr(objects, kind) == ()
    assert [switch.name for switch in objects.switches] == ["sw"]


def test_an_unknown_key_is_reported_and_the_object_stays() -> None:
    objects = parse("agents:\n  - user_name: a1\n    skils: {x: 1}\n")

    assert [agent.user_name for agent in objects.agents] == ["a1"]
    (finding,) = objects.findings
    assert (finding.severity, finding.where) == ("warning", 'objects.yaml:2: agent "a1"')
    assert finding.message == "found an unknown key skils; allowed: did you mean skills?"


def test_a_second_object_of_the_same_name_is_left_out() -> None:
    objects = parse("agents:\n  - {user_name: a1, employee_id: '1'}\n  - {user_name: a1, employee_id: '2'}\n")

    assert [agent.employee_id for agent in objects.agents] == ["1"]
    (finding,) = objects.findings
    assert (finding.code, finding.where) == ("duplicate_object", 'objects.yaml:3: agent "a1"')
    assert finding.message == 'found agent "a1" again (first in objects.yaml:2); allowed: it once'


def test_names_keep_the_notation_of_the_file() -> None:
    objects = parse("agents: [{user_name: 007, employee_id: 1.10}]")

    assert (objects.agents[0].user_name, objects.agents[0].employee_id) == ("007", "1.10")


def test_a_document_with_other_contents_is_refused_whole() -> None:
    assert problems_of("tenant: [a]\nagnets: []\nagent_groups: {}\nswitches: sw\n") == [
        "objects.yaml:1:1: tenant: found a list; allowed: text",
        "objects.yaml:2:1: agnets: found an unknown key; allowed: did you mean agents?",
        "objects.yaml:3:1: agent_groups: found a mapping; allowed: a list",
        "objects.yaml:4:1: switches: found a single value; allowed: a list",
    ]


def test_the_files_of_a_directory_are_taken_together(tmp_path: Path) -> None:
    (tmp_path / "b.yml").write_text("agents: [{user_name: a1}, {user_name: a2}]")
    (tmp_path / "a.yaml").write_text("tenant: Environment\nagents: [{user_name: a1}]")
    (tmp_path / "notes.txt").write_text("not: [yaml")

    objects = load_objects(tmp_path)

    assert objects.tenant == "Environment"
    assert [agent.user_name for agent in objects.agents] == ["a1", "a2"]
    assert objects.findings[0].message == f'found agent "a1" again (first in {tmp_path}/a.yaml:2); allowed: it once'


FILES = [
    {"a.yaml": "tenant: T\nagents:\n- {user_name: a1}\n- user_name: a2\n", "b.yaml": "agents:\n- {user_name: a1}\n"},
    {"a.yaml": 'agents:\n- {"user_name": "a1"}\nswitches: [{name: s}]\n', "b.yaml": "switches:\n  - name: t\n"},
    {"a.yaml": "agents:\n- {user_name: a1}\ntenant: T\n", "b.yaml": "agents:\n- {user_name: a2}\ntenant: U\n"},
    {"a.yaml": "agents:\n- {user_name: a1, user_name: a2}\n", "b.yaml": "tenant: [\n"},
    {"a.yaml": "agents:\n- {user_name: a1}\nagnets: []\nagent_groups: {}\n"},
    {"a.yaml": "agents:\n- {user_name: [], x: y}\n- 3\n-\n", "b.yaml": "statistics:\n- a\nagents:\n# none\n"},
]


def read(path: Path) -> list[object]:
    try:
        objects = load_objects(path)
    except ConfigurationError as error:
        return list(map(str, error.problems))
    return [objects, *((each.label, each.origin, each.line) for each in (*objects.agents, *objects.switches))]


@pytest.mark.parametrize("files", FILES)
def test_large_files_have_the_objects_and_problems_of_small_ones(
    files: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    expected = read(tmp_path)
    monkeypatch.setattr("pacing_node.objects.object_files.LARGE_BYTES", 0)
    assert read(tmp_path) == expected


def test_a_large_file_of_plain_items_is_read_without_a_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "objects.yaml"
    count = 20_000
    path.write_text("agents:\n" + "".join(f'- {{"user_name": "a{number}"}}\n' for number in range(count)))
    monkeypatch.setattr("pacing_node.options.yaml_documents.parse_list", None)
    monkeypatch.setattr("pacing_node.objects.object_files.parse_document", None)
    assert len(load_objects(path).agents) == count


LEFTOVERS = (".a.yaml", "._a.yaml", ".#a.yaml", "#a.yml", "~$a.yaml", "a~.yaml", "a.bak.yaml", "a.ORIG.YAML")


def test_hidden_files_and_backups_of_a_directory_are_not_read_and_reported(tmp_path: Path) -> None:
    (tmp_path / "a.YAML").write_text("agents: [{user_name: a1, capacity_rule: new}]")
    for name in LEFTOVERS:
        (tmp_path / name).write_text("agents: [{user_name: a1, capacity_rule: old}, {user_name: gone}]")

    objects = load_objects(tmp_path)

    assert [(agent.user_name, agent.capacity_rule) for agent in objects.agents] == [("a1", "new")]
    assert {(finding.code, finding.where) for finding in objects.findings} == {
        ("file_not_read", str(tmp_path / name)) for name in LEFTOVERS
    }


def test_a_hidden_file_named_by_itself_is_read(tmp_path: Path) -> None:
    path = tmp_path / ".objects.yaml"
    path.write_text("agents: [{user_name: a1}]")

    assert len(load_objects(path).agents) == 1


def test_a_link_of_a_directory_that_leads_nowhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("agents: [{user_name: a1}]")
    (tmp_path / "b.yaml").symlink_to(tmp_path / "gone.yaml")

    with pytest.raises(ConfigurationError, match=r"b\.yaml: found no such file or directory; allowed: a readable file"):
        load_objects(tmp_path)


def test_an_object_has_the_fields_of_a_chain_of_merges(tmp_path: Path) -> None:
    path = tmp_path / "objects.yaml"
    path.write_text("""
agents:
  - &base {user_name: agent-1, capacity_rule: two}
  - &spanish
    <<: *base
    user_name: agent-2
    skills: {Spanish: 7}
  - <<: *spanish           # two steps down the chain
    user_name: agent-3
""")

    objects = load_objects(path)

    assert [(agent.capacity_rule, dict(agent.skills)) for agent in objects.agents] == [
        ("two", {}), ("two", {"Spanish": 7}), ("two", {"Spanish": 7})
    ]  # fmt: skip
    assert objects.findings == ()


def test_problems_of_all_files_are_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: [")
    (tmp_path / "b.yaml").write_text("- b")

    with pytest.raises(ConfigurationError) as caught:
        load_objects(tmp_path)
    assert [problem.source for problem in caught.value.problems] == [f"{tmp_path}/a.yaml", f"{tmp_path}/b.yaml"]


def test_one_tenant_only(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("tenant: A")
    (tmp_path / "b.yaml").write_text("tenant: B")

    with pytest.raises(ConfigurationError, match=r"b\.yaml:1:1: tenant: found 'B'; allowed: one tenant, here 'A'"):
        load_objects(tmp_path)


def test_a_directory_without_files_and_a_missing_path_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigurationError, match=r"found no files; allowed: a directory with \*\.yaml or \*\.yml files"
    ):
        load_objects(tmp_path)
    with pytest.raises(ConfigurationError, match="found no such file or directory; allowed: a readable file"):
        load_objects(tmp_path / "gone.yaml")


def example_as_message() -> feed.ConfigurationObjects:
    tree = yaml.safe_load(EXAMPLE.read_text())
    del tree["tenant"]
    for kind, items in tree.items():
        for item in items:
            if "annex" in item:
                item["annex"] = [
                    {"name": name, "options": {key: str(value) for key, value in options.items()}}
                    for name, options in item["annex"].items()
                ]
            if kind in {"virtual_queues", "agents", "agent_groups"}:
                item["enabled"] = True
    return feed.ConfigurationObjects(**tree)


def test_the_feed_gives_the_same_objects_as_the_file() -> None:
    from_feed = objects_from_feed(example_as_message(), "7", "Environment")
    from_file = load_objects(EXAMPLE)

    for kind in ("switches", "virtual_queues", "agents", "agent_groups", "capacity_rules", "transactions"):
        assert getattr(from_feed, kind) == getattr(from_file, kind)
    assert (from_feed.version, from_feed.findings) == ("7", ())


def test_a_broken_object_of_the_feed_is_named_without_a_line() -> None:
    message = feed.ConfigurationObjects(agents=[feed.Agent(user_name="a1", skills={"x": -1}), feed.Agent()])

    assert [(finding.where, finding.message[:40]) for finding in objects_from_feed(message, "1").findings] == [
        ('agent "a1"', "skills.x: found '-1'; allowed: a whole n"),
        ('agent "?"', "user_name: found nothing; allowed: text"),
    ]


def test_credentials_come_from_the_transaction() -> None:
    credentials = engagement_credentials(load_objects(EXAMPLE))

    assert credentials.base_auth_url == "https://login.example.com/oauth/token"
    assert credentials.base_service_url == "https://api.example.com/api/"
    assert (credentials.client_id, credentials.password.get_secret_value()) == ("pacing", "change-me")


def test_an_address_without_a_slash_at_its_end_gets_one() -> None:
    objects = parse(
        "transactions: [{name: hybrid_integration, annex: {general: {base_auth_url: 'http://a/t', "
        "base_service_url: 'http://b:8080/api'}, ewt: {client_id: c, password: p}}}]"
    )

    assert engagement_credentials(objects).base_service_url == "http://b:8080/api/"


def test_every_gap_in_the_credentials_is_named() -> None:
    objects = parse(
        "transactions: [{name: hybrid_integration, annex: {general: {base_auth_url: 'ftp://u:hush@x/'}, ewt: {}}}]"
    )

    with pytest.raises(ConfigurationError) as caught:
        engagement_credentials(objects)
    place = 'objects.yaml:1: transaction "hybrid_integration"'
    assert str(caught.value).splitlines() == [
        f"{place}: general.base_auth_url: found no http or https address; allowed: https://<login host>/oauth/token",
        f"{place}: general.base_service_url: found nothing; allowed: https://<api host>/api/",
        f"{place}: ewt.client_id: found nothing; allowed: the id of the OAuth client",
        f"{place}: ewt.password: found nothing; allowed: the secret of the OAuth client",
    ]


def test_a_missing_transaction_is_named() -> None:
    with pytest.raises(
        ConfigurationError, match='transaction "hybrid_integration": found transactions: other; allowed'
    ):
        engagement_credentials(parse("transactions: [{name: other}]"))


def test_no_secret_shows_in_texts() -> None:
    objects = load_objects(EXAMPLE)

    assert "change-me" not in repr(objects) + str(objects)
    assert "change-me" not in repr(engagement_credentials(objects))


@pytest.mark.parametrize(
    "password", ["[hush]", "{hush: 1}", "!hush", "!hush x", "*hush", "&hush", "'hush", "%hush", "@hush", "`hush"]
)
def test_no_secret_shows_in_what_is_said_of_broken_transactions(password: str) -> None:
    text = f"transactions: [{{name: t, annex: {{ewt: {{password: {password}}}}}}}]"
    try:
        said = str(parse(text).findings) + repr(parse(text))
    except ConfigurationError as error:
        said = str(error)

    assert "hush" not in said


TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=5), below, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from(
    [
        "name",
        "number",
        "alias",
        "switch",
        "annex",
        "enabled",
        "user_name",
        "skills",
        "capacity_rule",
        "logins",
        "agents",
        "script",
        "origination_dns",
        "media",
        "exclusive",
        "type",
        "pacing",
        "optimizationGoal",
    ]
)
ITEMS = st.dictionaries(FIELDS, TREES, max_size=6) | TREES
KINDS = st.sampled_from(["switches", "virtual_queues", "agents", "agent_groups", "capacity_rules", "transactions"])


@PATIENT_FEW
@given(st.dictionaries(KINDS, st.lists(ITEMS, max_size=3), max_size=6))
def test_no_contents_keep_discovery_from_an_answer(tree: dict[str, object]) -> None:
    objects = parse(yaml.safe_dump(tree, allow_unicode=True))

    targets = discover(objects)

    assert set(objects.findings) <= set(targets.findings)


def test_ten_thousand_damaged_configurations_never_end_in_anything_but_an_answer() -> None:
    """The example with random parts cut, repeated and overwritten; every outcome is targets or problems."""
    chance = random.Random(1)
    lines = EXAMPLE.read_text().splitlines(keepends=True)
    tokens = [
        ":",
        "{",
        "}",
        "[",
        "]",
        "-",
        "'",
        '"',
        "&a",
        "*a",
        "!x",
        "#",
        "\t",
        "\x00",
        "é",
        "chat",
        "999999999999",
        "",
    ]
    outcomes = {"targets": 0, "problems": 0}
    for _ in range(10_000):
        start = chance.randrange(len(lines))
        text = "".join(lines[start : start + chance.randint(1, 12)])
        for _ in range(chance.randint(0, 3)):
            at = chance.randrange(len(text) + 1)
            text = text[:at] + chance.choice(tokens) + text[at + chance.choice((0, 0, 1, 5)) :]
        try:
            discover(parse(text))
            outcomes["targets"] += 1
        except ConfigurationError:
            outcomes["problems"] += 1

    assert min(outcomes.values()) > 500, outcomes
