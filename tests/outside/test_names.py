"""Names from outside: what no output takes is left out with a finding, by one rule for every source; the rest goes."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from cluster.outside_text import MOST_NAME, invisible, load_json, one_line, text_fault, valid_text
from contact_center.v1 import configuration_pb2 as feed
from pacing_node.alarms.alarm_book import Alarm, AlarmEvent
from pacing_node.alarms.http_sinks import alarm_document
from pacing_node.alarms.machine import Transition
from pacing_node.alarms.sinks import SyslogSink
from pacing_node.api.target_pages import explain_page, targets_page
from pacing_node.api.target_series import TargetSeries
from pacing_node.cycle.plan import CycleSettings, Plan
from pacing_node.cycle.report import decode, encode
from pacing_node.delivery.syslog import render as render_syslog
from pacing_node.engagement.mapping import request_body
from pacing_node.engagement.platform import TargetPush
from pacing_node.monitoring.silence import CycleState
from pacing_node.objects.object_feed import objects_from_feed
from pacing_node.objects.object_files import objects_of
from pacing_node.objects.object_model import ConfigurationObjects
from pacing_node.objects.packed_items import PackedDocument
from pacing_node.objects.platform_objects import objects_from_platform
from pacing_node.options.yaml_documents import parse_document
from pacing_node.targets import PacingTarget, TargetSet
from terminal.characters import json_text, visible_line
from tests.support.configuration_platform import records
from tests.support.cycle_parts import report

HALF = "VQ_Loans_\ud83d"
UNUSABLE = {
    "half a surrogate pair": HALF,
    "replaced": "VQ_\ufffd",
    "null": "VQ_\0",
    "escape sequence": "VQ_\x1b[31m",
    "two lines": "VQ\nLoans",
    "bell": "VQ\x07",
    "C1 control": "VQ\x9b",
    "10,000 characters": "x" * 10_000,
}
USABLE = {
    "zero width": "VQ\u200bLoans",
    "joined": "VQ\u200dLoans",
    "right to left": "VQ\u202eLoans",
    "mark": "\u200fVQ",
    "emoji": "VQ 👩‍👩‍👧",
    "longest": "x" * MOST_NAME,
    "markup": "Sales [b2b] [/nord]",
    "quotes": "Sales \"A\" \\ 'B'",
}


def from_yaml(name: str) -> ConfigurationObjects:
    document = {
        "virtual_queues": [
            {"name": name, "number": "1", "switch": "s", "annex": {"pacing": {"media": "chat"}}},
            {"name": "Good", "number": "2", "switch": "s", "annex": {"pacing": {"media": "chat"}}},
        ]
    }
    # The reader of YAML itself refuses half a surrogate pair, so it is put in behind it.
    text = json.dumps(document, ensure_ascii=False).replace(HALF, "HALF").replace("\x9b", "\\u009b")
    parsed = parse_document(text, "objects.yaml")
    if name == HALF:
        parsed.data["virtual_queues"][0]["name"] = HALF  # type: ignore[index, call-overload]
    return objects_of([PackedDocument(parsed)])


def from_feed(name: str) -> ConfigurationObjects:
    # What is sent over gRPC is valid text, or the stream breaks.
    section = feed.Section(name="pacing", options={"media": "chat"})
    queues = [
        feed.VirtualQueue(name=valid_text(name), number="1", switch="s", annex=[section], enabled=True),
        feed.VirtualQueue(name="Good", number="2", switch="s", annex=[section], enabled=True),
    ]
    return objects_from_feed(feed.ConfigurationObjects(virtual_queues=queues), "1")


def from_platform(name: str) -> ConfigurationObjects:
    """As it is received: JSON, in which half a surrogate pair is an escape."""
    received = records()
    queue = next(each for each in received["dns"] if each.get("number") == "VQ_Chat")
    queue["number"] = name
    return objects_from_platform(load_json(json.dumps(received).encode()), "1")


SOURCES = [from_yaml, from_feed, from_platform]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", UNUSABLE.values(), ids=UNUSABLE)
def test_an_object_with_an_unusable_name_is_left_out_with_a_finding_and_the_others_stay(
    source: Callable[[str], ConfigurationObjects], name: str
) -> None:
    good, found = source("Fine"), source(name)
    assert len(found.virtual_queues) == len(good.virtual_queues) - 1
    finding = next(each for each in found.findings if each.code == "broken_object")
    assert "name: found" in finding.message
    for text in (finding.message, finding.where):
        assert text.isprintable()
        assert len(text) <= 500
    assert [each.name for each in source("Fine").virtual_queues] == [each.name for each in good.virtual_queues]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", USABLE.values(), ids=USABLE)
def test_every_other_name_is_used_as_it_is(source: Callable[[str], ConfigurationObjects], name: str) -> None:
    found = source(name)
    assert name in [each.name for each in found.virtual_queues]
    if invisible(name):
        assert [each.message for each in found.findings if each.code == "invisible_characters"] == [
            f"found {invisible(name)}, which nobody sees; the name is used as it is"
        ]


@pytest.mark.parametrize("name", UNUSABLE.values(), ids=UNUSABLE)
def test_an_unusable_entry_is_left_out_and_its_object_stays(name: str) -> None:
    group = feed.AgentGroup(name="G", agents=["a", valid_text(name)], enabled=True)
    group.annex.append(feed.Section(name="foreign", options={"x": valid_text(name), "y": "good"}))
    agent = feed.Agent(user_name="a", skills={valid_text(name): 3, "good": 4}, enabled=True)
    found = objects_from_feed(feed.ConfigurationObjects(agent_groups=[group], agents=[agent]), "1")
    assert [each.agents for each in found.agent_groups] == [("a",)]
    assert found.agent_groups[0].annex["foreign"]["y"] == "good"
    assert [each.skills for each in found.agents] == [{"good": 4}]
    assert {each.where for each in found.findings if each.code == "broken_entry"} == {
        found.agent_groups[0].label,
        found.agents[0].label,
    }


@pytest.mark.parametrize("name", USABLE.values(), ids=USABLE)
class TestOutputs:
    """One target with such a name through everything that writes it."""

    def test_pages(self, name: str):
        known, plan, made = _targets(name), Plan(), report(f"{name} - chat")
        plan.use_settings(CycleSettings())
        plan.use_targets(known)
        assert json.loads(targets_page(made, known))["targets"][0]["name"] == f"{name} - chat"
        assert explain_page(f"{name} - chat", made, plan, CycleState()) is not None

    def test_records(self, name: str):
        assert decode(encode(report(f"{name} - chat"))).targets == (f"{name} - chat",)

    def test_metrics(self, name: str):
        page = TargetSeries().text(report(f"{name} - chat")).decode()
        labels = {s.labels["target"] for family in text_string_to_metric_families(page) for s in family.samples}
        assert labels == {f"{name} - chat"}

    def test_pushes(self, name: str):
        push = TargetPush(_targets(name).targets[0], 1, 5.0, None, None, 1, 1, 0, 0, 0, "agents_available")
        assert json.loads(request_body([push], {}))["entities"][0]["id"] == f"{name} - chat"

    def test_alarms(self, name: str):
        alarm = Alarm("PacingResponseTargetError", f"{name} - chat", "n1", time.time(), 3.0, 3.0, f"about {name}")
        event = AlarmEvent(Transition.RAISED, alarm, time.time(), "n1")
        json.dumps(alarm_document(event, "c"), ensure_ascii=False).encode()
        sink = SyslogSink(None, host="h", cluster="c")  # type: ignore[arg-type]
        assert len(render_syslog(sink._message(event), 2048)) <= 2048

    def test_terminals(self, name: str):
        assert visible_line(name).replace("\u200d", "").isprintable()
        assert json.loads(json_text({"name": name})) == {"name": name}

    def test_logs(self, name: str, caplog: pytest.LogCaptureFixture):
        with caplog.at_level(logging.INFO):
            logging.getLogger("x").info("target %s", name)
        caplog.text.encode()


def _targets(name: str) -> TargetSet:
    return TargetSet("1", (PacingTarget(f"{name} - chat", name, "1", "s", "chat", 3.0, ("G",), ("a",)),))


class TestRule:
    @given(st.text(st.characters(codec=None, exclude_categories=()), max_size=30))
    def test_messages_are_one_line_that_every_encoding_takes(self, text: str):
        assert one_line(text).isprintable()
        one_line(text).encode()

    @given(st.text(st.characters(codec=None, exclude_categories=()), max_size=30))
    def test_a_name_without_a_fault_goes_through_every_encoding(self, text: str):
        if not text_fault(text):
            assert text.encode().decode() == text
            assert "\n" not in text
        valid_text(text).encode()

    @given(
        st.recursive(
            st.text(st.characters(codec=None, exclude_categories=()), max_size=8),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.text(st.characters(codec=None, exclude_categories=()), max_size=4), inner, max_size=3
                )
            ),
            max_leaves=5,
        )
    )
    def test_whatever_json_holds_can_be_written_again(self, value: object):
        json.dumps(load_json(json.dumps(value).encode()), ensure_ascii=False).encode()
        json.dumps(load_json(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"))).encode()

    def test_text_of_several_lines_may_have_them(self):
        script = 'Skill("A") >\n\tSkill("B")' * 1000
        assert text_fault(script, most=None, lines=True) == ""
        assert "control character (U+0000 at character 2)" in text_fault("a\0", most=None, lines=True)

    def test_a_whole_pair_is_kept(self):
        assert load_json(b'{"name": "\\ud83d\\ude00"}') == {"name": "😀"}
