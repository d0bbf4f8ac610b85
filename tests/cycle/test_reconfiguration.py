"""A change of options or objects reaches plan, statistics and platform together, or not at all."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from pacing_node.algorithms.model import Algorithm
from pacing_node.assembly import reconfiguration
from pacing_node.assembly.reconfiguration import Reconfiguration
from pacing_node.cycle.plan import Plan
from pacing_node.discovery.discover import discover
from pacing_node.engagement.switchable_platform import PlatformSlot
from pacing_node.objects.acceptance import Acceptance
from pacing_node.objects.file_source import FileSource
from pacing_node.objects.object_files import objects_of
from pacing_node.objects.object_model import ConfigurationObjects
from pacing_node.objects.packed_items import PackedDocument
from pacing_node.options.cluster_options import ClusterOptions, parse_cluster_options
from pacing_node.options.yaml_documents import parse_document
from pacing_node.targets import TargetSet
from tests.support.waiting import still, until

OPTIONS = """
pacing: {refreshPeriod: 2}
configServer: {kind: file, path: objects.yaml}
statServer: {primary: "127.0.0.1:1"}
"""
OBJECTS = """
switches: [{name: s}]
virtual_queues: [{name: Sales, number: VQ1, alias: VQ1, switch: s, annex: {pacing: {media: chat}}}]
agents: [{user_name: a1, capacity_rule: chat-2}]
capacity_rules: [{name: chat-2, media: {chat: 2}}]
agent_groups: [{name: G, agents: [a1], origination_dns: ["VQ1@s"]}]
transactions:
  - name: hybrid_integration
    type: list
    annex:
      general: {base_auth_url: "http://127.0.0.1:1/oauth/token", base_service_url: "http://127.0.0.1:1/api/"}
      ewt: {client_id: client, password: secret-word}
"""


def options(text: str = OPTIONS) -> ClusterOptions:
    return parse_cluster_options(text, "test")


def objects(text: str = OBJECTS) -> ConfigurationObjects:
    return objects_of([PackedDocument(parse_document(text, "objects.yaml"))])


class Watched:
    """Statistics that only note what they are asked to watch."""

    def __init__(self) -> None:
        self.sets: list[TargetSet] = []

    def prepare(self, targets: TargetSet) -> Callable[[], None]:
        return lambda: self.sets.append(targets)


class Bench:
    def __init__(self) -> None:
        self.accepted: Acceptance | None = None
        self.shared: tuple[str, ...] = ()
        self.expects = False
        self.plan, self.platform, self.statistics = Plan(), PlatformSlot(), Watched()
        self.prepared: list[tuple[tuple[str, ...], bool, str]] = []
        """Names of targets, whether others, or none, were in force by then, and the thread."""
        self.subject = Reconfiguration(
            plan=self.plan,
            platform=self.platform,
            statistics=lambda: self.statistics,  # type: ignore[arg-type,return-value]
            push_budget_seconds=1.2,
            shared_names=lambda: self.shared,
            expects_names=lambda: self.expects,
            read_acceptance=self.read_acceptance,
            prepare=self.prepare,
        )

    def prepare(self, targets: TargetSet) -> None:
        thread = threading.current_thread().name
        self.prepared.append((targets.names, self.plan.targets is not targets, thread))

    async def read_acceptance(self) -> Acceptance | None:
        return self.accepted


@pytest.fixture
async def bench(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr(reconfiguration, "HELD_POLL_SECONDS", 0.02)
    bench = Bench()
    running = asyncio.ensure_future(bench.subject.run())
    yield bench
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    await bench.platform.close()


async def test_what_targets_need_is_prepared_on_another_thread_before_they_are_in_force(bench: Bench) -> None:
    bench.subject.use_options(options())
    bench.subject.use_objects(objects())
    await until(lambda: bench.plan.complete)
    [(names, before, thread)] = bench.prepared
    assert (names, before) == (("Sales - chat",), True)
    assert thread != threading.current_thread().name


async def test_options_and_objects_may_come_in_any_order(bench: Bench) -> None:
    bench.subject.use_objects(objects())
    await still(lambda: not bench.plan.complete, 0.05)
    bench.subject.use_options(options())
    await until(lambda: bench.plan.complete)
    assert bench.plan.settings.refresh_seconds == 2.0
    assert [each.names for each in bench.statistics.sets] == [("Sales - chat",)]
    assert bench.platform.configured


async def test_a_change_of_options_alone_disturbs_no_subscription(bench: Bench) -> None:
    bench.subject.use_options(options())
    bench.subject.use_objects(objects())
    await until(lambda: bench.plan.complete)
    changed = OPTIONS.replace("{refreshPeriod: 2}", "{refreshPeriod: 7, algorithm: PREDICTIVE_B}")
    bench.subject.use_options(options(changed))
    assert bench.plan.settings.algorithm is Algorithm.PREDICTIVE_B
    await still(lambda: len(bench.statistics.sets) == 1, 0.1)


async def test_another_goal_reaches_the_targets(bench: Bench) -> None:
    bench.subject.use_options(options())
    bench.subject.use_objects(objects())
    await until(lambda: bench.plan.complete)
    bench.subject.use_options(options(OPTIONS.replace("refreshPeriod: 2", "optimizationGoal: 5")))
    await until(lambda: bench.plan.targets.targets[0].goal_percent == 5.0)


async def test_without_credentials_targets_are_known_and_pushes_say_what_is_missing(bench: Bench) -> None:
    bench.subject.use_options(options())
    bench.subject.use_objects(replace(objects(), transactions=()))
    await until(lambda: bench.plan.complete)
    assert not bench.platform.configured
    assert 'transaction "hybrid_integration"' in bench.platform.missing
    assert bench.subject.problems


async def test_authorities_of_the_platform_that_come_late_are_used_without_another_change(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconfiguration, "PLATFORM_POLL_SECONDS", 0.02)
    file = tmp_path / "authorities.pem"
    bench.subject.use_options(options(f"{OPTIONS}pacingEndpoint: {{authorities: '{file}'}}\n"))
    bench.subject.use_objects(objects())
    await until(lambda: bool(bench.subject.problems))
    assert str(file) in bench.platform.missing
    file.write_bytes(trustme.CA().cert_pem.bytes())
    await until(lambda: bench.platform.configured)
    assert not bench.subject.problems


async def test_bad_credentials_leave_the_platform_in_force_and_show_no_secret(bench: Bench) -> None:
    bench.subject.use_options(options())
    bench.subject.use_objects(objects())
    await until(lambda: bench.plan.complete)
    broken = OBJECTS.replace("http://127.0.0.1:1/api/", "nonsense://user:secret-word@x")
    bench.subject.use_objects(objects(broken))
    await until(lambda: bool(bench.subject.problems))
    assert bench.platform.configured
    assert "secret-word" not in " ".join(bench.subject.problems)
    bench.subject.use_objects(objects())
    await until(lambda: not bench.subject.problems)


async def test_the_event_loop_turns_while_a_site_is_discovered(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, released = threading.Event(), threading.Event()

    def slow(*arguments: object) -> TargetSet:
        begun.set()
        assert released.wait(30), "the event loop did not turn"
        return discover(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(reconfiguration, "discover", slow)
    bench.subject.use_options(options())
    bench.subject.use_objects(objects())
    await until(begun.is_set)
    released.set()
    await until(lambda: bench.plan.complete)


class TestHeldBackChanges:
    """An empty or half-written source is not a site that closes."""

    EMPTY = ""
    CUT = OBJECTS[: OBJECTS.index("capacity_rules")]

    async def start(self, bench: Bench, more: str = "") -> None:
        bench.subject.use_options(options(OPTIONS.replace("path: objects.yaml", f"path: objects.yaml{more}")))
        bench.subject.use_objects(objects())
        await until(lambda: bench.plan.complete)

    @pytest.mark.parametrize("damaged", [EMPTY, CUT], ids=["empty", "cut off"])
    async def test_targets_and_credentials_stay_in_force_and_nothing_is_disturbed_when_it_is_whole_again(
        self, bench: Bench, damaged: str
    ) -> None:
        await self.start(bench)
        in_force = bench.plan.targets

        bench.subject.use_objects(objects(damaged))
        await until(lambda: bench.subject.held is not None)
        assert bench.plan.targets is in_force
        assert bench.platform.configured
        assert "takes away 1 of 1 targets (Sales - chat)" in str(bench.subject.held)

        bench.subject.use_objects(objects())
        await until(lambda: bench.subject.held is None)
        assert bench.plan.targets is in_force
        assert len(bench.statistics.sets) == 1

    async def test_an_operator_puts_it_in_force(self, bench: Bench) -> None:
        await self.start(bench)
        bench.subject.use_objects(objects(self.EMPTY))
        await until(lambda: bench.subject.held is not None)
        bench.accepted = Acceptance("another", "night shift", time.time())
        await still(lambda: bench.plan.targets.names == ("Sales - chat",), 0.1)

        bench.accepted = Acceptance(bench.subject.held.loss.change_id, "night shift", time.time() - 700)
        # An acceptance of long ago is about something else.
        await still(lambda: bench.plan.targets.names == ("Sales - chat",), 0.1)

        bench.accepted = Acceptance(bench.subject.held.loss.change_id, "night shift", time.time())
        await until(lambda: bench.plan.targets.names == ())
        assert bench.subject.held is None

    async def test_it_is_put_in_force_after_it_has_stood_for_the_time_of_the_options(self, bench: Bench) -> None:
        await self.start(bench, ", holdBackTime: 0.2")
        bench.subject.use_objects(objects(self.EMPTY))
        await until(lambda: bench.subject.held is not None)
        await until(lambda: bench.plan.targets.names == ())

    async def test_the_share_is_an_option_that_takes_effect_while_a_change_waits(self, bench: Bench) -> None:
        new = "virtual_queues: [{name: New, number: VQ2, alias: VQ2, switch: s, annex: {pacing: {media: chat}}}, "
        more = OBJECTS.replace("virtual_queues: [", new).replace('["VQ1@s"]', '["VQ1@s", "VQ2@s"]')
        bench.subject.use_options(options(OPTIONS.replace("path: o", "holdBackShare: 40, path: o")))
        bench.subject.use_objects(objects(more))
        await until(lambda: bench.plan.complete)
        bench.subject.use_objects(objects())
        await until(lambda: bench.subject.held is not None)

        bench.subject.use_options(options(OPTIONS))
        await until(lambda: bench.plan.targets.names == ("Sales - chat",))

    async def test_a_node_that_starts_with_less_than_the_cluster_paces_waits(self, bench: Bench) -> None:
        bench.shared = ("Sales - chat", "Other - chat", "Third - chat")
        bench.subject.use_options(options())
        bench.subject.use_objects(objects())
        await until(lambda: bench.subject.held is not None)
        assert not bench.plan.complete
        bench.shared = ("Sales - chat", "Other - chat")
        await until(lambda: bench.plan.complete)

    async def test_a_node_that_starts_beside_a_master_waits_for_what_the_cluster_paces(self, bench: Bench) -> None:
        bench.expects = True
        bench.subject.use_options(options())
        bench.subject.use_objects(objects())
        await until(lambda: bench.subject.held is not None)
        assert not bench.plan.complete
        bench.shared = ("Sales - chat", "Other - chat")
        await until(lambda: bench.plan.complete)
        assert bench.subject.held is None

    async def test_without_a_record_it_waits_only_for_a_while(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pacing_node.discovery.change_guard.START_SECONDS", 0.3)
        bench.expects = True
        bench.subject.use_options(options())
        bench.subject.use_objects(objects())
        await until(lambda: bench.plan.complete)


async def test_the_rule_holds_for_a_source_that_follows_a_file(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "objects.yaml"
    path.write_text(OBJECTS)
    source = FileSource(path, poll_seconds=0.02)
    following = asyncio.ensure_future(source.run(bench.subject.use_objects))
    bench.subject.use_options(options())
    await until(lambda: bench.plan.complete)
    in_force = bench.plan.targets

    for damaged in ("", OBJECTS[:200], OBJECTS[: OBJECTS.index("agent_groups")]):
        path.write_text(damaged)
        await until(lambda: bench.subject.held is not None or bool(source.status.problems))
        assert bench.plan.targets is in_force
        path.write_text(OBJECTS)
        await until(lambda: bench.subject.held is None and not source.status.problems)
    assert bench.plan.targets is in_force
    following.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await following
