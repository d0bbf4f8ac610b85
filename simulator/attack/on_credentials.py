"""Every call without, with wrong, expired, repeated and too weak proofs: refused, audited, and nothing has changed."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cluster import addresses
from cluster.access.signed_calls import HEADER, NONCE_BYTES, CallSubject, ClusterSecret, sign
from simulator.attack.assaults import http_orders, peer_messages, stranger_orders
from simulator.attack.assaults.peer_messages import call, channel_to
from simulator.attack.ground import SECRET
from simulator.attack.log_scan import log_end
from simulator.attack.tally import Tally
from simulator.harness.harness_error import HarnessError

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.attack.scene import Scene
    from simulator.attack.tally import NodeAddress, Victim

REFUSED = ("UNAUTHENTICATED", "PERMISSION_DENIED")
CALLS = ("GetStatus", "Follow", "Fetch", "CanServe", "Promise", "StepDown", "Pause", "Resume")
_STREAMS = ("Follow", "Fetch")
_FOLLOWED_SECONDS = 3.0
"""Until every node knows of a token that was made or revoked."""
_FLUSHED_SECONDS = 11.0
"""Until refused calls that were only counted are in the log."""
_CERTIFICATES = ("other", "foreign", "expired", "anonymous")

Metadata = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Target:
    """One call that is to be refused."""

    victim: Victim
    node: NodeAddress
    method: str
    body: bytes

    @property
    def address(self) -> str:
        """The clustering port as its member has published it."""
        return addresses.join(self.node.host, self.node.clustering_port)


def signed(
    target: Target,
    secret: str = SECRET,
    *,
    cluster: str | None = None,
    addressee: str | None = None,
    method: str | None = None,
    body: bytes | None = None,
    seconds_off: float = 0.0,
    caller: str = "node-9",
) -> Metadata:
    """A signature of the call, or of one that differs in what is given."""
    subject = CallSubject(
        cluster or target.victim.cluster, addressee or target.address, method or target.method, body or target.body
    )
    key = ClusterSecret((secret.encode(),))
    return ((HEADER, sign(key, subject, caller, time.time() + seconds_off, os.urandom(NONCE_BYTES))),)


def bearer(text: str) -> Metadata:
    """A bearer token."""
    return (("authorization", f"Bearer {text}"),)


def unsigned_jwt() -> str:
    """A JWT without a signature that says it is an admin's."""
    parts = ({"alg": "none", "typ": "JWT"}, {"sub": "x", "role": "admin", "roles": ["admin"], "exp": 2**33})
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + "."


WRONG: dict[str, Callable[[Target], Metadata]] = {
    "no proof": lambda _: (),
    "another secret": lambda target: signed(target, "x" * 40),
    "another cluster": lambda target: signed(target, cluster="elsewhere"),
    "another node": lambda target: signed(target, addressee="127.0.0.1:1"),
    "another call": lambda target: signed(target, method="Other"),
    "another message": lambda target: signed(target, body=b"\x0a\x01x"),
    "signed a minute ago": lambda target: signed(target, seconds_off=-60.0),
    "signed in a minute": lambda target: signed(target, seconds_off=60.0),
    "an unreadable signature": lambda _: ((HEADER, "v1 node-1 0 00 00"),),
    "a long signature": lambda _: ((HEADER, "v1 " + "f" * 5000),),
    "an unknown token": lambda _: bearer(f"pacing_{'0' * 12}_{'A' * 43}"),
    "no token": lambda _: bearer(""),
    "a password": lambda _: (("authorization", "Basic YWRtaW46YWRtaW4="),),
    "an unsigned JWT": lambda _: bearer(unsigned_jwt()),
    "a broken JWT": lambda _: bearer("a.b.c"),
}
"""Proofs that are none, by their names."""


def message_of(method: str, victim: Victim, node: NodeAddress) -> bytes:
    """A message of a call that would do harm were it let in."""
    if method == "StepDown":
        return peer_messages.step_down("a stranger")
    if method == "Pause":
        return peer_messages.pause("a stranger")
    if method == "Promise":
        return peer_messages.promise("a stranger", victim.cluster_id, victim.epoch, 60.0, (node.name, ""))
    return b"" if method == "GetStatus" else peer_messages.named("a stranger")


async def bad_proofs(scene: Scene) -> None:
    """All calls of the clustering port with 15 proofs that are none, and with tokens expired, revoked and too weak."""
    victim = await scene.victim()
    starts = {name: log_end(process.log) for name, process in scene.arena.nodes.items()}
    tokens = await _tokens(scene)
    tally = Tally()
    for node in victim.nodes[: len(victim.nodes) if scene.is_full else 1]:
        for method in CALLS:
            target = Target(victim, node, method, message_of(method, victim, node))
            for name, proof in WRONG.items():
                await _refused(scene, target, name, proof(target), tally)
            for name, token in tokens.items():
                if method != "GetStatus":
                    await _refused(scene, target, name, bearer(token), tally)
            await _repeated(scene, target, tally)
    scene.figures["calls"] = {"sent": tally.sent, "answers": dict(tally.answers)}
    await asyncio.sleep(_FLUSHED_SECONDS)
    _audited(scene, starts if scene.is_full else {victim.master.name: starts[victim.master.name]})
    page = await scene.arena.page(victim.nodes[0].name, "/cluster")
    scene.expect(page and not page.get("paused"), f"the cluster is paused: {page.get('paused')}")


async def _refused(scene: Scene, target: Target, proof: str, metadata: Metadata, tally: Tally) -> None:
    before = tally.answers.copy()
    if target.method in _STREAMS:
        code = await _first_of_stream(target, metadata)
        tally.count(code)
    else:
        async with channel_to(target.node) as channel:
            await call(channel, target.method, target.body, tally, metadata=metadata)
        code = next(iter(tally.answers - before))
    scene.expect(code in REFUSED, f"{target.method} with {proof} was answered with {code}")


async def _first_of_stream(target: Target, metadata: Metadata) -> str:
    async with channel_to(target.node) as channel:
        stream = await peer_messages.open_stream(channel, target.method, target.body, seconds=5.0, metadata=metadata)
        return await peer_messages.first_answer(stream)


async def _repeated(scene: Scene, target: Target, tally: Tally) -> None:
    """A member's own call, overheard and sent again; one that changes nothing, such as an order for another epoch."""
    if target.method not in {"GetStatus", "Resume", "StepDown"}:
        return
    member = next(node.name for node in target.victim.nodes if node.name != target.node.name)
    body = {"StepDown": peer_messages.step_down(member, 10**9), "GetStatus": b""}.get(
        target.method, peer_messages.named(member)
    )
    overheard = Target(target.victim, target.node, target.method, body)
    metadata = signed(overheard, caller=member)
    async with channel_to(target.node) as channel:
        first = Tally()
        await call(channel, target.method, body, first, metadata=metadata)
        code = next(iter(first.answers))
        scene.expect(code not in REFUSED, f"a member's {target.method} was answered with {code}")
    await _refused(scene, overheard, "a signature used before", metadata, tally)


def _audited(scene: Scene, starts: dict[str, int]) -> None:
    """The logs of these nodes, from these places on, name every refused call."""
    for name, start in starts.items():
        lines = scene.arena.nodes[name].log.read_bytes()[start:].decode(errors="replace").splitlines()
        for method in CALLS:
            found = any("audit.order" in line and "refused" in line and f"what={method}" in line for line in lines)
            scene.expect(found, f"{name} has no audit line of a refused {method}")


async def _tokens(scene: Scene) -> dict[str, str]:
    """Tokens that must give no order: a viewer's, one that has expired, and one that was revoked."""
    plan = scene.arena.stage.plans[0]
    viewer = await _pacing(scene, "token", "create", "viewer", "--role", "viewer", "--for", "1h", of=plan.name)
    expired = await _pacing(scene, "token", "create", "late", "--role", "operator", "--for", "1s", of=plan.name)
    revoked = await _pacing(scene, "token", "create", "gone", "--role", "admin", "--for", "1h", of=plan.name)
    await _pacing(scene, "token", "revoke", revoked.split("_")[1], of=plan.name)
    await asyncio.sleep(_FOLLOWED_SECONDS)
    return {"a viewer's token": viewer, "an expired token": expired, "a revoked token": revoked}


async def _pacing(scene: Scene, *words: str, of: str) -> str:
    """Run the project's command for a node's cluster; what it prints. Raises HarnessError when it fails."""
    plan = next(plan for plan in scene.arena.stage.plans if plan.name == of)
    command = scene.arena.wiring.command(*words, "--config", str(plan.file))
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
    output, errors = await process.communicate()
    if process.returncode:
        raise HarnessError(f"pacing {' '.join(words[:2])}: {errors.decode(errors='replace')[-300:]}")
    return output.decode().strip()


async def orders_over_http(scene: Scene) -> None:
    """Whatever could be an order, by every method, at the pages; every order of the API: each must be refused."""
    await scene.assault(http_orders.orders_over_http)
    await scene.assault(http_orders.api_orders)


async def strange_certificates(scene: Scene) -> None:
    """StepDown with a certificate of another name, of another authority, one that has expired, and none."""
    for identity in _CERTIFICATES:
        seconds = max(1.0, scene.seconds / 10)
        await scene.assault(stranger_orders.step_down_loop, seconds=seconds, every_seconds=0.2, identity=identity)
