"""All attacks by name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from simulator.attack import (
    on_credentials,
    on_files,
    on_orders,
    on_pages,
    on_processes,
    on_protocols,
    on_servers,
    on_statistics,
)
from simulator.attack.assaults.http2_floods import FLOODS
from simulator.attack.attack_run import Attack
from simulator.attack.clock_ground import OTHER_UPTIME, STEPPED_CLOCKS
from simulator.attack.disk_ground import SMALL_DISKS
from simulator.attack.ground import EVERY_PORT, FAILSAFE, FEW_DESCRIPTORS, LARGE, OPEN, PEER_TLS, PLAIN, large
from simulator.attack.hostile_ground import HOSTILE_API, HOSTILE_CONFIGURATION, HOSTILE_GMS
from simulator.attack.hostile_values import HOSTILE
from simulator.attack.limits import Limits
from simulator.attack.statistics_ground import HOSTILE_STATISTICS

if TYPE_CHECKING:
    from collections.abc import Sequence

_OUTAGE = Limits(missed_periods=None, epoch_changes=1, memory_mib=120.0)
"""ZooKeeper itself is away for longer than a session: the pushes must stop then, and the attack measures the return.

Another node can become master, and loads then what only a master needs.
"""
_SILENCED = Limits(missed_periods=None)
"""The hostile server is one that a push needs: the attack measures that pushes are back once it is itself again."""
_ONE_LOST = Limits(answer_seconds=None)
"""The attacked ports are full by intention; the pushes, the mastership and the log are what must hold."""
_SHORT_FLOODS = ("rapid_reset", "headers_bomb")

ATTACKS = (
    Attack("nothing", PLAIN, on_processes.nothing, short=True),
    Attack("malformed-requests", EVERY_PORT, on_pages.malformed_requests, short=True),
    Attack("idle-connections", PLAIN, on_pages.idle_connections, short=True),
    Attack("slow-requests", EVERY_PORT, on_pages.slow_requests),
    Attack("slow-calls", EVERY_PORT, on_protocols.slow_calls),
    Attack("slow-everywhere", EVERY_PORT, on_pages.slow_everywhere, _ONE_LOST),
    Attack("half-headers", PLAIN, on_pages.half_headers),
    Attack("endless-requests", PLAIN, on_pages.endless_requests, short=True),
    Attack("unread-answers", PLAIN, on_pages.unread_answers),
    Attack("junk-bytes", PLAIN, on_protocols.junk_bytes, short=True),
    Attack("malformed-messages", EVERY_PORT, on_protocols.malformed_messages, short=True),
    Attack("silent-peers", PLAIN, on_protocols.silent_connections),
    *(
        Attack(f"flood-{flood.replace('_', '-')}", PLAIN, on_protocols.frame_flood(flood), short=flood in _SHORT_FLOODS)
        for flood in FLOODS
    ),
    Attack("step-down-loop", PLAIN, on_orders.step_down_loop, short=True),
    Attack("endless-pause", PLAIN, on_orders.endless_pause, short=True),
    Attack("resume-loop", PLAIN, on_orders.resume_loop),
    Attack("strange-promises", PLAIN, on_orders.strange_promises, short=True),
    Attack("promises-in-an-outage", PLAIN, on_orders.promises_in_an_outage, _OUTAGE),
    Attack("nasty-texts", PLAIN, on_orders.nasty_texts, short=True),
    Attack("nasty-pauses", PLAIN, on_orders.nasty_pauses),
    Attack("can-serve-flood", PLAIN, on_orders.can_serve_flood, short=True),
    Attack("unread-follow", PLAIN, on_orders.unread_follow_streams, short=True),
    Attack("zookeeper-flood", PLAIN, on_protocols.zookeeper_flood),
    Attack("zookeeper-connections", PLAIN, on_protocols.zookeeper_connections),
    Attack("bad-proofs", PLAIN, on_credentials.bad_proofs, short=True),
    Attack("orders-over-http", PLAIN, on_credentials.orders_over_http, short=True),
    Attack("strange-certificates", PEER_TLS, on_credentials.strange_certificates),
    Attack("stopped-for-moments", PLAIN, on_processes.stopped_for_moments),
    Attack("stopped-standby", PLAIN, on_processes.stopped_standby, Limits(answer_seconds=None)),
    Attack("starvation", PLAIN, on_processes.starvation),
    Attack("limited-memory", PLAIN, on_processes.limited_memory),
    Attack("planted-links", PLAIN, on_files.planted_links),
    Attack("foreign-directory", PLAIN, on_files.foreign_directory),
    Attack("open-directory", PLAIN, on_files.open_directory),
    Attack("open-secrets", PLAIN, on_files.open_secrets, short=True),
    Attack("full-disks", SMALL_DISKS, on_files.full_disks, _SILENCED),
    Attack("stepped-clocks", STEPPED_CLOCKS, on_processes.stepped_clocks),
    Attack(
        "other-uptime",
        OTHER_UPTIME,
        on_processes.other_uptime,
        Limits(missed_periods=None, epoch_changes=1, memory_mib=120.0, deaths=1),
    ),
    Attack("orders-from-elsewhere", OPEN, on_orders.orders_from_elsewhere),
    Attack("promises-failsafe", FAILSAFE, on_orders.strange_promises),
    Attack("promises-in-a-failsafe", FAILSAFE, on_orders.promises_under_failsafe),
    Attack("metrics-readers", LARGE, on_pages.metrics_readers),
    Attack("targets-readers", LARGE, on_pages.targets_readers),
    Attack("large-unread-follow", LARGE, on_orders.unread_follow_streams),
    Attack("large-unread-answers", LARGE, on_pages.unread_answers),
    Attack("aborted-handshakes", PEER_TLS, on_protocols.aborted_handshakes),
    Attack("held-handshakes", PEER_TLS, on_protocols.held_handshakes),
    Attack("hostile-token", HOSTILE_API, on_servers.hostile("token", provoked=True), _SILENCED),
    Attack("hostile-platform", HOSTILE_API, on_servers.hostile("platform"), _SILENCED),
    Attack("hostile-alarms", HOSTILE_API, on_servers.hostile("alarms", provoked=True), _SILENCED),
    Attack("hostile-statistics", HOSTILE_API, on_servers.hostile("statistics")),
    Attack("hostile-gms", HOSTILE_GMS, on_servers.hostile("statistics")),
    Attack("hostile-configuration", HOSTILE_CONFIGURATION, on_servers.hostile("configuration")),
    *(
        Attack(f"statistics-{name.replace('_', '-')}", HOSTILE_STATISTICS, on_statistics.hostile_values(name))
        for name in HOSTILE
    ),
    Attack("descriptors-of-one", FEW_DESCRIPTORS, on_pages.exhaust_one, _ONE_LOST),
    Attack("descriptors-of-all", FEW_DESCRIPTORS, on_pages.exhaust_all, _ONE_LOST),
)


def sized(attacks: Sequence[Attack], targets: int) -> list[Attack]:
    """The attacks, those on the large ground with so many targets."""
    return [replace(attack, ground=large(targets)) if attack.ground is LARGE else attack for attack in attacks]


def named(names: list[str]) -> list[Attack]:
    """Attacks by their names. Raises ValueError for one there is none of."""
    known = {attack.name: attack for attack in ATTACKS}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"there is no attack {', '.join(unknown)}; there are {', '.join(known)}")
    return [known[name] for name in names]
