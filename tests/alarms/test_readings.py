"""What is measured: by a process about itself, by the master from its cycles."""

from __future__ import annotations

import asyncio
import datetime
import errno
import gc
import os
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from cluster.clock import boot_seconds
from cluster.descriptors import Descriptors
from cluster.mastership import ZooKeeperState
from cluster.records import Pause
from pacing_node.alarms.conditions import BY_NAME, Scope
from pacing_node.algorithms.model import Reason
from pacing_node.cycle.cycle_counters import CycleCounters
from pacing_node.cycle.latest_report import LatestReport
from pacing_node.cycle.plan import Plan
from pacing_node.monitoring.cycle_watch import CycleWatch
from pacing_node.monitoring.node_readings import NodeReadings, NodeSources
from pacing_node.monitoring.pacing_readings import PLATFORM, STATISTICS, PacingReadings
from pacing_node.runtime.disks import free_mib
from pacing_node.runtime.process import CollectorPauses, memory_limit_bytes, resident_bytes
from pacing_node.tls import all_days_left
from tests.support.cycle_parts import FakeMastership, FakeTerm, report
from tests.support.waiting import until


def certificate(days: float) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "node")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1000))
        .not_valid_after(now + datetime.timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(Encoding.PEM)


def test_pauses_of_the_collector_are_measured_until_closed() -> None:
    pauses = CollectorPauses()
    try:
        rubbish = [[] for _ in range(200_000)]
        for each in rubbish:
            each.append(each)
        del rubbish, each
        gc.collect()
        longest, after = pauses.take_longest(), pauses.take_longest()
    finally:
        pauses.close()
    gc.collect()

    assert longest > 0.001
    assert after < longest
    assert pauses.take_longest() == 0.0
    pauses.close()


def test_resident_memory_grows_with_what_is_held_and_stays_below_the_limit() -> None:
    before = resident_bytes()
    held = bytearray(b"x" * 50_000_000)
    after = resident_bytes()
    limit = memory_limit_bytes()

    assert before is not None
    assert after is not None
    assert limit is not None
    assert 40_000_000 < after - before < 200_000_000
    assert after < limit
    assert len(held) == 50_000_000


def test_days_left_of_certificates_or_why_they_cannot_be_told(tmp_path: Path) -> None:
    files = {name: tmp_path / f"{name}.pem" for name in ("good", "expired", "rubbish", "missing")}
    files["good"].write_bytes(certificate(30))
    files["expired"].write_bytes(certificate(-2))
    files["rubbish"].write_text("hello")

    found = all_days_left(files.values(), time.time())

    assert found[files["good"]] == pytest.approx(30, abs=0.01)
    assert found[files["expired"]] == pytest.approx(-2, abs=0.01)
    assert found[files["rubbish"]] == "no certificate in PEM format"
    assert found[files["missing"]] == "no such file or directory"


# --- a node ----------------------------------------------------------------------------------------------------------


class Site:
    """A node's sources with everything in the test's hand."""

    def __init__(self, *certificates: Path, name: str = "n1") -> None:
        self.mastership, self.latest_report, self.cycle_counters = FakeMastership(), LatestReport(), CycleCounters()
        self.refused: dict[str, tuple[str, ...]] = {"cluster options": ()}
        self.pause: Pause | None = None
        sources = NodeSources(
            node=name,
            mastership=self.mastership,  # type: ignore[arg-type]
            latest_report=self.latest_report,
            cycle_counters=self.cycle_counters,
            watch=CycleWatch(self.mastership, self.latest_report, Plan()),  # type: ignore[arg-type]
            cluster="demo",
            loop_lag_seconds=lambda: 0.25,
            refused=lambda: self.refused,
            certificates=certificates,
            paused=lambda: self.pause,
        )
        self.sources = sources
        self.readings = NodeReadings(sources)

    def use(self, descriptors: Descriptors) -> None:
        self.readings = NodeReadings(replace(self.sources, descriptors=descriptors))

    def own(self, now: float, late_seconds: float = 0.0) -> dict[str, dict[str, float]]:
        found = self.readings.node(now, late_seconds)
        return {name: {item: reading.value for item, reading in items.items()} for name, items in found.items()}


def test_a_pause_is_one_alarm_of_all_nodes_as_long_as_it_lasts() -> None:
    sites, began_at = [Site(name="n1"), Site(name="n2")], time.time() - 5.0
    for site in sites:
        assert site.readings.node(1.0, 0.0)["ClusterPaused"]["demo"].value == 0.0
        site.pause = Pause("an operator", began_at, began_at + 3600.0)
    one, other = (site.readings.node(2.0, 0.0)["ClusterPaused"]["demo"] for site in sites)

    assert BY_NAME["ClusterPaused"].scope is Scope.EVERYWHERE
    assert one.value >= 5.0
    assert one.occasion == other.occasion != ""
    assert one.text.startswith("paused by an operator until 20")


def test_a_pause_that_a_clock_ahead_dates_in_the_future_lasts_as_long_as_this_node_has_seen_it() -> None:
    site, ahead = Site(name="n1"), time.time() + 1800.0
    site.pause = Pause("an operator", ahead, ahead + 3600.0)
    lasted = [site.readings.node(now, 0.0)["ClusterPaused"]["demo"].value for now in (10.0, 11.0, 12.5)]
    assert lasted == [pytest.approx(0.001), 1.0, 2.5]


async def test_what_every_node_refuses_alike_is_one_alarm_and_what_one_refuses_names_it() -> None:
    sites = [Site(name="n1"), Site(name="n2")]
    for site in sites:
        site.refused = {
            "cluster options": ("pacing: found 7",),
            "change of the objects": ("3 of 4 targets would go",),
            "configuration objects": ("no such file",),
            "engagement platform": ("no certificate",),
        }
    read = [site.readings.node(10.0, 0.0)["ConfigurationRefused"] for site in sites]
    for site in sites:
        site.readings.close()
    shared = ["cluster options", "change of the objects"]
    assert [read[0][place].occasion for place in shared] == [read[1][place].occasion for place in shared]
    assert all(read[0][place].occasion for place in shared)
    assert [[place for place in each if place not in shared] for each in read] == [
        [f"configuration objects on {node}", f"engagement platform on {node}"] for node in ("n1", "n2")
    ]
    assert BY_NAME["ConfigurationRefused"].scope is Scope.EVERYWHERE


async def test_a_refused_configuration_counts_from_when_it_was_refused() -> None:
    site = Site()
    quiet = site.own(10.0)["ConfigurationRefused"]
    site.refused = {"cluster options": ("line 3: found x", "line 9: found y"), "configuration objects": ()}
    first = site.readings.node(11.0, 0.0)["ConfigurationRefused"]
    later = site.readings.node(21.0, 0.0)["ConfigurationRefused"]
    site.refused = {"cluster options": ()}
    over = site.own(22.0)["ConfigurationRefused"]
    site.readings.close()

    assert (quiet, over) == ({}, {})
    assert 0.0 < first["cluster options"].value < 0.1
    assert later["cluster options"].value == pytest.approx(10.0)
    assert later["cluster options"].text == "line 3: found x and 1 more"


async def test_fenced_pushes_count_for_five_minutes() -> None:
    site = Site()
    site.own(0.0)
    site.cycle_counters.pushes["fenced"] += 2
    counts = [site.own(now)["FencedPush"]["n1"] for now in (1.0, 100.0, 302.0)]
    site.readings.close()

    assert counts == [2.0, 2.0, 0.0]


async def test_no_master_counts_from_when_nobody_was_known(monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site()
    known = site.own(0.0)["NoMaster"]["demo"]
    status = site.mastership.status
    nobody = type(status)(status.role, "standby", 3, 0.0, status.zookeeper, 4.0, "c", None)
    monkeypatch.setattr(type(site.mastership), "status", property(lambda _: nobody))
    values = [site.own(now)["NoMaster"]["demo"] for now in (5.0, 25.0)]
    site.readings.close()

    assert known == 0.0
    assert values[1] == pytest.approx(20.0)


async def test_a_silence_counts_whatever_its_reason_and_is_one_alarm_of_all_nodes() -> None:
    sites = [Site(name="n1"), Site(name="n2")]
    for site in sites:
        site.latest_report.post(report("A - chat"), boot_seconds() - 10.0)
        assert site.readings.node(0.0, 0.0)["PacingSilent"]["demo"].value == 0.0
        site.latest_report.post(report("A - chat", calculated_at=2000.0), boot_seconds() - 71.0)
    one, other = (site.readings.node(1.0, 0.0)["PacingSilent"]["demo"] for site in sites)
    for site in sites:
        site.readings.close()

    assert BY_NAME["PacingSilent"].scope is Scope.EVERYWHERE
    assert one.value == pytest.approx(71.0, abs=2.0)
    assert one.occasion == other.occasion == "epoch-3"
    assert one.text == "as n1 sees it: no_report, no report of a cycle arrives from the master n1"


async def test_a_lost_zookeeper_counts_also_while_there_is_a_master(monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site()
    site.latest_report.post(report("A - chat"), boot_seconds())
    connected = site.own(0.0)["ZooKeeperLost"]["n1"]
    status = replace(site.mastership.status, zookeeper=ZooKeeperState.SUSPENDED)
    monkeypatch.setattr(type(site.mastership), "status", property(lambda _: status))
    lost = [site.own(now)["ZooKeeperLost"]["n1"] for now in (5.0, 25.0)]
    vouched = site.own(26.0)["NoMaster"]["demo"]
    site.readings.close()

    assert connected == 0.0
    assert lost[1] == pytest.approx(20.0)
    assert vouched == 0.0, "a report that has just come vouches for the master"


async def test_no_master_is_read_alike_by_every_node_when_its_reports_stay_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    site = Site()
    site.latest_report.post(report("A - chat"), boot_seconds() - 43.0)
    status = replace(site.mastership.status, zookeeper=ZooKeeperState.SUSPENDED)
    monkeypatch.setattr(type(site.mastership), "status", property(lambda _: status))
    site.own(0.0)
    reading = site.readings.node(41.0, 0.0)["NoMaster"]["demo"]
    site.readings.close()

    assert reading.value == pytest.approx(41.0)
    assert reading.occasion == "epoch-3"
    assert reading.text == (
        "as n1 sees it: state standby, no master is known; ZooKeeper cannot be reached from this node (suspended); "
        "the last one known is n1"
    )


async def test_the_text_of_failed_pushes_is_the_newest_fault_not_that_of_a_withheld_push() -> None:
    latest, counters = LatestReport(), CycleCounters()
    readings = PacingReadings(latest, counters)
    readings.take(1, 0.0)
    texts = []
    for now, status, error in (
        (1.0, "failed", "HTTP 401"),
        (2.0, "failed", "connection refused"),
        (3.0, "withheld", "the platform asked to wait 3 s more"),
    ):
        counters.cycles += 1
        counters.pushes[status] += 1
        latest.post(report("A - chat", pushed=False, push_status=status, push_error=error), now)
        texts.append(readings.take(1, now)["PacingRequestsFailed"][PLATFORM].text)

    assert texts == ["HTTP 401", "connection refused", "connection refused"]


async def test_lag_is_the_worse_of_the_two_measurements() -> None:
    site = Site()
    values = [site.own(0.0, late)["EventLoopLag"]["n1"] for late in (0.0, 3.0)]
    site.readings.close()

    assert values == [0.25, 3.0]


async def test_a_limit_in_the_options_wins_over_the_systems() -> None:
    site = Site()
    by_system = site.own(0.0)["Heap Memory Usage"]["n1"]
    site.readings.memory_limit_mib = 64
    by_option = site.own(0.0)["Heap Memory Usage"]["n1"]
    site.readings.close()

    assert 0.0 < by_system < by_option


async def test_certificates_are_named_by_file_and_node(tmp_path: Path) -> None:
    good, missing = tmp_path / "good.pem", tmp_path / "missing.pem"
    good.write_bytes(certificate(3))
    site = Site(good, missing)
    watching = asyncio.create_task(site.readings.watch_certificates())
    readings = await until(lambda: site.readings.node(0.0, 0.0)["CertificateExpiry"])
    watching.cancel()
    site.readings.close()

    assert readings[f"{good} on n1"].value == pytest.approx(3, abs=0.01)
    assert (readings[f"{missing} on n1"].value, readings[f"{missing} on n1"].text) == (0.0, "no such file or directory")


async def test_only_the_master_reads_for_the_cluster() -> None:
    site = Site()
    standby = site.readings.cluster(0.0)
    term = FakeTerm()
    site.mastership.give(term)
    master = site.readings.cluster(1.0)
    term.ended.set()
    former = site.readings.cluster(2.0)
    site.readings.close()

    assert (standby, master, former) == (None, {}, None)


# --- the master's cycles ---------------------------------------------------------------------------------------------


class Leading:
    """Readings of a term whose pushes the test makes."""

    def __init__(self) -> None:
        self.latest_report, self.cycle_counters, self.now = LatestReport(), CycleCounters(), 0.0
        self.readings = PacingReadings(self.latest_report, self.cycle_counters)
        self.readings.take(3, 0.0)

    def cycle(self, status: str, *names: str, **changes: object) -> dict[str, dict[str, float]]:
        self.now += 5.0
        self.cycle_counters.cycles += 1
        self.cycle_counters.pushes[status] += 1
        accepted = status == "accepted"
        made = report(*(names or ("A", "B")), epoch=3, calculated_at=self.now, pushed=accepted, **changes)
        self.latest_report.post(made, self.now)
        return self.take()

    def take(self) -> dict[str, dict[str, float]]:
        found = self.readings.take(3, self.now)
        return {name: {item: reading.value for item, reading in items.items()} for name, items in found.items()}


def test_before_the_first_push_of_a_term_nothing_is_known() -> None:
    latest_report, cycle_counters = LatestReport(), CycleCounters()
    cycle_counters.pushes["failed"], cycle_counters.cycles = 7, 9
    latest_report.post(report("A", epoch=2, pushed=False), 0.0)

    assert PacingReadings(latest_report, cycle_counters).take(3, 0.0) == {}


def test_failed_pushes_count_in_a_row() -> None:
    leading = Leading()
    runs = [
        leading.cycle(status)["PacingRequestsFailed"][PLATFORM]
        for status in ("accepted", "failed", "deadline", "withheld", "late", "failed", "accepted", "failed")
    ]

    assert runs == [0.0, 1.0, 2.0, 2.0, 2.0, 3.0, 0.0, 1.0]


def test_an_invalid_reply_is_an_answer_but_no_good_one() -> None:
    leading = Leading()
    readings = [leading.cycle(status) for status in ("failed", "invalid_reply", "invalid_reply", "failed", "accepted")]

    assert [each["PacingResponseValidationError"][PLATFORM] for each in readings] == [0.0, 1.0, 2.0, 2.0, 0.0]
    assert [each["PacingRequestsFailed"][PLATFORM] for each in readings] == [1.0, 0.0, 0.0, 1.0, 0.0]


def test_pushes_that_are_withheld_last_until_one_is_sent() -> None:
    leading = Leading()
    runs = [
        leading.cycle(status, push_status=status)["PushesWithheld"][PLATFORM]
        for status in ("accepted", "withheld", "withheld", "withheld", "failed", "withheld", "withheld", "accepted")
    ]

    assert runs == pytest.approx([0.0, 1e-3, 5.0, 10.0, 0.0, 1e-3, 5.0, 0.0])


def test_why_a_push_is_withheld_is_said() -> None:
    leading = Leading()
    leading.cycle("withheld", push_status="withheld", push_error="the platform asked to wait 170.0 s more")
    found = leading.readings.take(3, 60.0)["PushesWithheld"][PLATFORM]

    assert (found.value, found.text) == (55.0, "the platform asked to wait 170.0 s more")


def test_refusals_count_per_target_over_accepted_pushes() -> None:
    leading = Leading()
    readings = [
        leading.cycle("accepted", target_errors=("no such queue", "")),
        leading.cycle("accepted", target_errors=("no such queue", "gone")),
        leading.cycle("failed"),
        leading.take(),
        leading.cycle("accepted", target_errors=("", "gone")),
        leading.cycle("accepted"),
    ]

    assert [each["PacingResponseTargetError"] for each in readings] == [
        {"A": 1.0},
        {"A": 2.0, "B": 1.0},
        {"A": 2.0, "B": 1.0},
        {"A": 2.0, "B": 1.0},
        {"B": 2.0},
        {},
    ]


def test_stale_statistics_are_a_share_of_the_targets_in_use() -> None:
    leading = Leading()
    reasons = np.array([Reason.STATISTICS_STALE, Reason.TARGET_DISABLED, Reason.AGENTS_AVAILABLE], np.int64)

    assert leading.cycle("accepted", "A", "B", "C", reason=reasons)["StatisticsStale"] == {STATISTICS: 50.0}
    none_used = np.full(2, Reason.TARGET_DISABLED, np.int64)
    assert leading.cycle("accepted", "A", "B", reason=none_used)["StatisticsStale"] == {STATISTICS: 0.0}


@pytest.mark.parametrize("people", [Reason.HELD, Reason.STOPPED])
def test_a_hold_hides_no_stale_statistics(people: Reason) -> None:
    leading = Leading()
    leading.cycle("accepted", "A", "B", reason=np.full(2, people))
    made = leading.latest_report.report
    assert made is not None
    lost = replace(
        made, calculated_at=made.calculated_at + 5.0, snapshot=replace(made.snapshot, valid=np.zeros(2, bool))
    )
    leading.latest_report.post(lost, leading.now + 5.0)
    assert leading.take()["StatisticsStale"] == {STATISTICS: 100.0}


def test_an_infeasible_goal_counts_per_target_from_its_beginning() -> None:
    leading = Leading()
    bad = np.array([Reason.GOAL_INFEASIBLE, Reason.AGENTS_AVAILABLE], np.int64)
    readings = [leading.cycle("accepted", reason=bad)["GoalInfeasible"] for _ in range(3)]

    assert [list(each) for each in readings] == [["A"], ["A"], ["A"]]
    assert readings[0]["A"] > 0.0
    assert readings[2]["A"] == pytest.approx(10.0)
    assert leading.cycle("accepted")["GoalInfeasible"] == {}


def test_of_many_bad_targets_the_same_few_are_followed() -> None:
    leading = Leading()
    names = tuple(f"T{number}" for number in range(1000))
    bad = np.full(1000, Reason.GOAL_INFEASIBLE, np.int64)
    first = leading.cycle("accepted", *names, target_errors=("bad",) * 1000, reason=bad)
    errors = ("",) * 150 + ("bad",) * 850
    later = leading.cycle("accepted", *names, target_errors=errors, reason=bad)

    assert len(first["PacingResponseTargetError"]) == len(first["GoalInfeasible"]) == 200
    assert sorted(later["PacingResponseTargetError"].values()) == [1.0] * 150 + [2.0] * 50
    assert set(later["GoalInfeasible"]) == set(first["GoalInfeasible"])


def test_a_new_term_of_the_same_node_starts_counting_anew() -> None:
    leading = Leading()
    leading.cycle("failed")
    leading.readings.rest()

    assert leading.readings.take(4, 100.0) == {}


class Counted(Descriptors):
    """Descriptors of which the test says how many are open."""

    limit = 1024
    opened: int | None = 448

    def count_open(self) -> int | None:
        return self.opened


def test_descriptors_in_use_are_a_share_of_those_that_callers_may_have() -> None:
    site, counted = Site(), Counted()
    site.use(counted)
    assert site.own(0.0)["DescriptorsLow"] == {"n1": 50.0}
    counted.opened = 896
    reading = site.readings.node(0.0, 0.0)["DescriptorsLow"]["n1"]
    assert (reading.value, reading.text) == (100.0, "896 of 1024 descriptors in use, callers get 896")


def test_descriptors_nobody_counts_are_not_called_low() -> None:
    site, counted = Site(), Counted()
    site.use(counted)
    counted.opened = None
    assert "DescriptorsLow" not in site.own(0.0)


async def test_a_disk_that_is_nearly_full_is_named_with_the_directory(tmp_path: Path) -> None:
    site, state = Site(), tmp_path / "to be made"
    site.readings.directories = (state, Path("/proc/self/nowhere"))
    watching = asyncio.ensure_future(site.readings.watch_disks())
    await until(lambda: site.own(0.0)["DiskSpaceLow"])
    watching.cancel()
    there = os.statvfs(tmp_path)
    values = site.own(0.0)["DiskSpaceLow"]
    assert values[f"{state} on n1"] == pytest.approx(there.f_bavail * there.f_frsize / 2**20, rel=0.2)
    reading = site.readings.node(0.0, 0.0)["DiskSpaceLow"][f"{state} on n1"]
    assert reading.text.endswith(f"MiB left for {state}")


def test_a_disk_that_cannot_be_asked_is_named_with_the_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken(_path: Path) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "statvfs", broken)
    assert free_mib([tmp_path]) == {tmp_path: "input/output error"}
