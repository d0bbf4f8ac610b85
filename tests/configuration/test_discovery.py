"""Discovery of pacing targets: the documented rules, and what is said of what does not fit them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from pacing_node.discovery.discover import MAX_FINDINGS_PER_CODE, discover
from pacing_node.discovery.media_capacity import Capacities
from pacing_node.objects.object_files import load_objects, objects_of
from pacing_node.objects.object_model import Agent, AgentGroup, ConfigurationObjects, VirtualQueue
from pacing_node.objects.packed_items import PackedDocument
from pacing_node.options.yaml_documents import parse_document

if TYPE_CHECKING:
    from pacing_node.targets import TargetSet

EXAMPLES = Path(__file__).parents[2] / "examples"

BASE = """
switches: [{name: sw, type: multimedia}]
virtual_queues:
  - {name: Chat, number: VQ_Chat, alias: VQ_Chat, switch: sw, annex: {pacing: {media: chat}}}
capacity_rules: [{name: one, media: {chat: 1, voice: 1}}]
agents:
  - {user_name: a1, capacity_rule: one}
  - {user_name: a2, capacity_rule: one}
agent_groups:
  - {name: G1, agents: [a2, a1], origination_dns: [VQ_Chat@sw]}
"""


def parse(text: str) -> ConfigurationObjects:
    return objects_of([PackedDocument(parse_document(text, "objects.yaml"))])


def found_in(**changes: list[dict[str, object]]) -> TargetSet:
    """Targets of the base with some kinds of objects replaced."""
    tree = yaml.safe_load(BASE) | changes
    return discover(parse(yaml.safe_dump(tree, sort_keys=False)))


def queue(**changes: object) -> dict[str, object]:
    return {"name": "Chat", "number": "VQ_Chat", "alias": "VQ_Chat", "switch": "sw"} | changes


def group(**changes: object) -> dict[str, object]:
    return {"name": "G1", "agents": ["a1", "a2"], "origination_dns": ["VQ_Chat@sw"]} | changes


def shown(targets: TargetSet) -> list[tuple[str, str, str, str]]:
    """Findings without the line, which the place starts with."""
    return [
        (finding.severity, finding.code, finding.where.split(": ", 1)[-1], finding.message)
        for finding in targets.findings
    ]


def test_the_documented_targets_are_found() -> None:
    targets = discover(load_objects(EXAMPLES / "objects.yaml"))

    assert [(target.name, target.groups, target.agents, target.goal_percent) for target in targets.targets] == [
        ("Proactive Chat - chat", ("Blended", "Chat Sales"), ("ana", "ben", "carla", "david"), 4.0),
        ("Proactive Voice - voice", ("Blended", "Voice Sales"), ("carla", "david", "elena"), 2.5),
        ("Spanish Chat - chat", ("Spanish Speakers",), ("ana",), 3.0),
    ]
    chat = targets.targets[0]
    assert (chat.queue, chat.queue_id, chat.media) == ("Proactive Chat", "VQ_Proactive_Chat@chat-switch", "chat")
    assert [(item.name, item.agents) for item in targets.groups] == [
        ("Blended", ("carla", "david")),
        ("Chat Sales", ("ana", "ben")),
        ("Spanish Speakers", ("ana",)),
        ("Voice Sales", ("elena",)),
    ]
    assert [finding.code for finding in targets.findings] == ["agents_in_several_groups"]


def test_a_queue_without_a_pacing_section_is_not_monitored() -> None:
    targets = found_in(virtual_queues=[queue(annex={"other": {"media": "chat"}})])

    assert targets.names == ()
    assert shown(targets) == []


@pytest.mark.parametrize(
    ("media", "code", "found"),
    [
        ("", "queue_without_media", "nothing"),
        (None, "queue_without_media", "nothing"),
        ("chat,voice", "queue_with_media_list", 'the list "chat,voice"'),
        (["chat", "voice"], "queue_with_media_list", 'the list "chat, voice"'),
        ("chat voice", "queue_with_media_list", 'the list "chat voice"'),
    ],
)
def test_a_queue_needs_exactly_one_medium(media: object, code: str, found: str) -> None:
    targets = found_in(virtual_queues=[queue(annex={"pacing": {"media": media}})])

    assert targets.names == ()
    assert shown(targets) == [
        (
            "error",
            code,
            'virtual queue "Chat"@sw',
            f"pacing/media: found {found}; allowed: exactly one media type, for example chat",
        ),
    ]


def test_a_finding_names_file_and_line() -> None:
    targets = discover(parse(BASE.replace("media: chat}", "media: }")))

    assert targets.findings[0].where == 'objects.yaml:4: virtual queue "Chat"@sw'


def test_the_queues_goal_wins_then_the_lowest_of_the_groups_then_the_services() -> None:
    low, lower = ({"pacing": {"optimizationGoal": goal}} for goal in (4, 2.5))
    groups = [group(annex=low), group(name="G2", annex=lower), group(name="G3")]
    own = [queue(annex={"pacing": {"media": "chat", "optimizationGoal": 9}})]

    assert found_in(agent_groups=groups, virtual_queues=own).targets[0].goal_percent == 9.0
    assert found_in(agent_groups=groups).targets[0].goal_percent == 2.5
    assert discover(parse(BASE), default_goal_percent=5.0).targets[0].goal_percent == 5.0


@pytest.mark.parametrize("goal", ["-1", "100.1", "nan", "three", "1e400"])
def test_a_goal_outside_0_to_100_is_ignored_and_reported(goal: str) -> None:
    targets = found_in(virtual_queues=[queue(annex={"pacing": {"media": "chat", "optimizationGoal": goal}})])

    assert targets.targets[0].goal_percent == 3.0
    assert shown(targets) == [
        (
            "warning",
            "goal_out_of_range",
            'virtual queue "Chat"@sw',
            (
                f'pacing/optimizationGoal: found "{goal}"; allowed: a number from 0 to 100; '
                "the option is ignored and the goal of the groups or of the service is used"
            ),
        ),
    ]


@pytest.mark.parametrize("goal", ["0", "100", "3.5"])
def test_a_goal_of_0_to_100_is_taken(goal: str) -> None:
    targets = found_in(virtual_queues=[queue(annex={"pacing": {"media": "chat", "optimizationGoal": goal}})])

    assert targets.targets[0].goal_percent == float(goal)
    assert shown(targets) == []


@pytest.mark.parametrize("listed", ["VQ_Chat@sw", "VQ_Chat", "Chat"])
def test_a_group_lists_a_queue_by_id_number_or_name(listed: str) -> None:
    targets = found_in(agent_groups=[group(origination_dns=[listed, listed])])

    assert targets.targets[0].groups == ("G1",)
    assert shown(targets) == []


def test_the_switch_of_a_queue_does_not_matter() -> None:
    switches = [{"name": "sw"}, {"name": "other"}]
    targets = found_in(
        switches=switches,
        virtual_queues=[queue(switch="other", annex={"pacing": {"media": "chat"}})],
        agent_groups=[group(origination_dns=["VQ_Chat@other"])],
    )

    assert targets.targets[0].queue_id == "VQ_Chat@other"


def test_an_alias_that_differs_from_the_number_is_reported() -> None:
    targets = found_in(virtual_queues=[queue(alias="Chat", annex={"pacing": {"media": "chat"}})])

    assert targets.names == ("Chat - chat",)
    assert shown(targets) == [
        (
            "warning",
            "alias_differs_from_number",
            'virtual queue "Chat"@sw',
            (
                'found the alias "Chat"; allowed: the number "VQ_Chat", '
                "because otherwise the statistic of abandoned interactions stays 0"
            ),
        ),
    ]


def test_a_group_naming_an_unknown_queue_is_reported_and_serves_its_others() -> None:
    targets = found_in(agent_groups=[group(origination_dns=["VQ_Caht@sw", "VQ_Chat@sw"])])

    assert targets.targets[0].groups == ("G1",)
    assert shown(targets) == [
        (
            "warning",
            "unknown_queue",
            'agent group "G1"',
            'origination DNs: found "VQ_Caht@sw"; allowed: a queue as number@switch, number or name',
        ),
    ]


def test_a_queue_no_group_lists_is_left_out() -> None:
    targets = found_in(agent_groups=[])

    assert targets.names == ()
    assert shown(targets) == [
        (
            "error",
            "queue_without_groups",
            'virtual queue "Chat"@sw',
            "found no agent group that lists this queue; allowed: at least one with it in its origination DNs",
        ),
    ]


def test_a_broken_expression_leaves_the_group_out_and_the_others_go_on() -> None:
    broken = {"name": "G2", "script": 'Skill("Spanish") >', "origination_dns": ["Chat"]}
    targets = found_in(agent_groups=[group(), broken])

    assert targets.targets[0].groups == ("G1",)
    assert shown(targets) == [
        (
            "error",
            "broken_expression",
            'agent group "G2"',
            (
                "script: column 19: found the end; allowed: a level, for example 5, "
                'or another skill, for example Skill("Sales")'
            ),
        ),
    ]


def test_a_virtual_group_holds_the_enabled_agents_its_script_fits() -> None:
    agents = [
        {"user_name": "a1", "skills": {"Spanish": 6}, "capacity_rule": "one"},
        {"user_name": "a2", "skills": {"Spanish": 5}, "capacity_rule": "one"},
        {"user_name": "a3", "skills": {"Spanish": 9}, "capacity_rule": "one", "enabled": "false"},
    ]
    virtual = {"name": "V", "script": "Spanish > 5", "origination_dns": ["Chat"]}

    assert found_in(agents=agents, agent_groups=[virtual]).targets[0].agents == ("a1",)


def test_a_virtual_group_of_those_logged_in_on_a_switch() -> None:
    agents = [
        {"user_name": "a1", "logins": ["1@Voice_SW"], "capacity_rule": "one", "skills": {"Spanish": 7, "Sales": 3}},
        {"user_name": "a2", "logins": ["Voice_SW@other"], "capacity_rule": "one", "skills": {"Spanish": 7, "Sales": 7}},
    ]
    for script in ('LoggedIn("Voice_SW")', 'Skill("Spanish") > Skill("Sales")'):
        targets = found_in(agents=agents, agent_groups=[{"name": "V", "script": script, "origination_dns": ["Chat"]}])

        assert targets.targets[0].agents == ("a1",)
        assert shown(targets) == []


@pytest.mark.parametrize(
    ("script", "code", "message"),
    [
        ('LoggedIn("Voice")', "unknown_login", "script: found LoggedIn with what no enabled agent is logged in to: V"),
        ('Spanish > 0 | ~SkillExists("Spansh")', "unknown_skill", "script: found skills no enabled agent has: Spansh;"),
        ('Skill("Spanish") > Skill("Sale")', "unknown_skill", "script: found skills no enabled agent has: Sale;"),
    ],
)  # fmt: skip
def test_a_condition_that_can_meet_nobody_is_reported(script: str, code: str, message: str) -> None:
    agents = [{"user_name": "a1", "capacity_rule": "one", "skills": {"Spanish": 7}, "logins": ["1@Voice_SW"]}]
    targets = found_in(agents=agents, agent_groups=[{"name": "V", "script": script, "origination_dns": ["Chat"]}])

    (finding,) = (finding for finding in targets.findings if finding.code == code)
    assert finding.severity == "warning"
    assert finding.message.startswith(message)


def test_disabled_objects_do_not_count_and_a_disabled_queue_stays_as_a_disabled_target() -> None:
    agents = [{"user_name": "a1", "capacity_rule": "one"}, {"user_name": "a2", "enabled": "no"}]
    targets = found_in(agents=agents, agent_groups=[group(), group(name="G2", enabled=False)])
    assert (targets.targets[0].agents, targets.targets[0].groups) == (("a1",), ("G1",))

    disabled = found_in(virtual_queues=[queue(enabled=False, annex={"pacing": {"media": "chat"}})])
    assert [(target.name, target.enabled) for target in disabled.targets] == [("Chat - chat", False)]


def test_a_group_without_agents_is_reported() -> None:
    targets = found_in(agent_groups=[group(agents=[])])

    assert targets.targets[0].agents == ()
    assert [finding[1:3] for finding in shown(targets)] == [("group_without_agents", 'agent group "G1"')]


def test_agents_who_do_not_exist_are_reported() -> None:
    targets = found_in(agent_groups=[group(agents=["a1", "x1", "x2", "x3", "x4", "x5", "x6"])])

    assert targets.targets[0].agents == ("a1",)
    assert shown(targets) == [
        (
            "warning",
            "unknown_agent",
            'agent group "G1"',
            "found 6 agents who do not exist: x1, x2, x3, x4, x5 and 1 more; allowed: user names of agents",
        ),
    ]


def test_agents_without_capacity_for_the_medium_are_reported_once_per_target() -> None:
    agents = [{"user_name": "a1"}, {"user_name": "a2", "capacity_rule": "one"}]
    targets = found_in(agents=agents)

    assert shown(targets) == [
        (
            "warning",
            "agents_without_capacity",
            'pacing target "Chat - chat"',
            "found 1 of 2 agents without capacity for chat: a1; allowed: a capacity rule with chat of 1 or more",
        ),
    ]


def test_the_built_in_rule_is_one_voice_interaction_and_nothing_else() -> None:
    objects = parse("agents: [{user_name: a1}]\ncapacity_rules: [{name: r, media: {chat: 3}}]")
    capacities = Capacities(objects)

    assert capacities.capacity_for(Agent("a1"), "voice") == 1
    assert capacities.capacity_for(Agent("a1"), "chat") == 0
    assert capacities.capacity_for(Agent("a1", capacity_rule="r"), "chat") == 3
    assert capacities.capacity_for(Agent("a1", capacity_rule="r"), "voice") == 0
    assert capacities.capacity_for(Agent("a1", capacity_rule="gone"), "voice") == 1


def test_a_capacity_rule_that_does_not_exist_is_reported() -> None:
    targets = found_in(agents=[{"user_name": "a1", "capacity_rule": "gone"}], agent_groups=[group(agents=["a1"])])

    assert shown(targets)[1] == (
        "warning",
        "unknown_capacity_rule",
        'agent "a1"',
        'found the capacity rule "gone", which does not exist; the built-in rule of one voice interaction is used',
    )


def test_agents_in_several_monitored_groups_are_counted_once_and_reported() -> None:
    targets = found_in(agent_groups=[group(), group(name="G2", agents=["a1"])])

    assert targets.targets[0].agents == ("a1", "a2")
    assert shown(targets) == [
        (
            "warning",
            "agents_in_several_groups",
            'agent groups "G1", "G2"',
            (
                "found 1 agent in all of them: a1; "
                "each counts once, and what one target uses of an agent the others lack"
            ),
        ),
    ]


def test_two_queues_cannot_make_the_same_target() -> None:
    annex = {"pacing": {"media": "chat"}}
    targets = found_in(virtual_queues=[queue(annex=annex), queue(number="VQ2", alias="VQ2", annex=annex)])

    assert [target.number for target in targets.targets] == ["VQ_Chat"]
    assert shown(targets) == [
        (
            "error",
            "duplicate_target",
            'virtual queue "Chat"@sw',
            'found the pacing target "Chat - chat" again (also virtual queue "Chat"@sw); allowed: it once',
        ),
    ]


def test_a_switch_that_does_not_exist_is_reported() -> None:
    targets = found_in(switches=[{"name": "other"}])

    assert [finding[1] for finding in shown(targets)] == ["unknown_switch"]


def test_the_version_changes_with_the_targets_only() -> None:
    version = discover(parse(BASE)).version

    assert discover(parse(BASE + "transactions: [{name: other}]")).version == version
    assert discover(parse(BASE.replace("[a2, a1]", "[a1, a2]"))).version == version
    assert discover(parse(BASE.replace("[a2, a1]", "[a1]"))).version != version
    assert discover(parse(BASE), default_goal_percent=4.0).version != version


def test_findings_of_one_kind_are_limited() -> None:
    dns = [f"gone-{index}" for index in range(MAX_FINDINGS_PER_CODE + 7)]
    targets = found_in(agent_groups=[group(origination_dns=[*dns, "Chat"])])

    assert len(targets.findings) == MAX_FINDINGS_PER_CODE + 1
    assert targets.findings[-1].message == "found 7 more of the same kind"


def test_ten_thousand_targets_of_fifty_thousand_agents_are_found_in_seconds() -> None:
    agents = tuple(
        Agent(f"a{i}", skills={f"s{i % 100}": i % 10}, logins=(f"VQ{i % 10_000}@sw",)) for i in range(50_000)
    )
    queues = tuple(
        VirtualQueue(f"Q{i}", f"VQ{i}", f"VQ{i}", "sw", {"pacing": {"media": "voice"}}) for i in range(10_000)
    )
    regular = tuple(
        AgentGroup(f"R{i}", tuple(f"a{j}" for j in range(5 * i, 5 * i + 5)), origination_dns=(f"VQ{i}@sw",))
        for i in range(10_000)
    )
    virtual = tuple(
        AgentGroup(f"V{i}", script=f's{i % 100} > {i % 10} | LoggedIn("VQ{i}@sw")', origination_dns=(f"Q{i}",))
        for i in range(1000)
    )
    started = time.perf_counter()

    targets = discover(ConfigurationObjects(agents=agents, virtual_queues=queues, agent_groups=regular + virtual))

    assert len(targets.targets) == 10_000
    assert time.perf_counter() - started < 60


@pytest.mark.parametrize(
    ("changes", "code", "known"),
    [
        ({"agent_groups": [group(agents=["A1", "a2"])]}, "unknown_agent", "a1"),
        ({"agent_groups": [group(origination_dns=["VQ_Chat@sw", "vq_chat@SW"])]}, "unknown_queue", "VQ_Chat@sw"),
        ({"switches": [{"name": "SW"}]}, "unknown_switch", "SW"),
        ({"capacity_rules": [{"name": "One", "media": {"chat": 1}}]}, "unknown_capacity_rule", "One"),
        ({"capacity_rules": [{"name": "one", "media": {"Chat": 1}}]}, "agents_without_capacity", "Chat"),
    ],
)
def test_a_name_that_means_nothing_is_shown_with_the_one_that_looks_like_it(
    changes: dict[str, list[dict[str, object]]], code: str, known: str
) -> None:
    messages = [message for _, found, _, message in shown(found_in(**changes)) if found == code]
    assert messages
    assert all(f'; "{known}" differs from "' in message for message in messages)


@pytest.mark.parametrize("other", ["chat", "Ch at", "\uff23hat"], ids=ascii)
def test_targets_that_people_take_for_the_same_are_reported(other: str) -> None:
    annex = {"pacing": {"media": "chat"}}
    second = queue(name=f"x{other}x", number="VQ2", alias="VQ2", annex=annex)
    both = group(origination_dns=["VQ_Chat@sw", "VQ2"])
    targets = found_in(virtual_queues=[queue(name="xChatx", annex=annex), second], agent_groups=[both])

    assert len(targets.targets) == 2
    assert [finding[1] for finding in shown(targets)] == ["targets_look_alike"]


def test_names_in_two_forms_of_unicode_are_told_apart_and_reported() -> None:
    annex = {"pacing": {"media": "chat"}}
    queues = [queue(name="Zo\u00eb", annex=annex), queue(name="Zoe\u0308", number="VQ2", alias="VQ2", annex=annex)]
    targets = found_in(virtual_queues=queues, agent_groups=[group(origination_dns=["Zo\u00eb", "Zoe\u0308"])])

    assert {target.number for target in targets.targets} == {"VQ_Chat", "VQ2"}
    assert [finding[1] for finding in shown(targets)] == ["targets_look_alike"]
