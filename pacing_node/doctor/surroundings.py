"""What surrounds a node on the network: its own ports, the clocks of others, HTTP servers that should answer."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from cluster import addresses
from cluster.access.signed_calls import WINDOW_SECONDS
from cluster.files import directory_fault
from cluster.outside_text import load_json, one_line
from pacing_node.doctor.diagnosis import error, ok, skipped, warning
from pacing_node.http_client.client import ClientSettings, HttpClient
from pacing_node.http_client.request_failures import REQUEST_FAILURES
from pacing_node.options.exposure import exposures

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pacing_node.doctor.diagnosis import Diagnosis
    from pacing_node.options.node_options import Certificates, NodeOptions

ANSWER_SECONDS = 5.0
ANSWERS = ClientSettings(most_bytes=16 * 1024 * 1024, answer_seconds=ANSWER_SECONDS)
"""Bounds of an answer; the longest is a page of a large cluster."""
MOST_OFFSET_SECONDS = 2.0
"""Difference of clocks that is worth a warning; HTTP dates are whole seconds."""


def reason(failure: OSError) -> str:
    """Why nobody could be reached, in the system's words."""
    if failure.errno is not None and failure.errno > 0:
        return os.strerror(failure.errno).lower()
    return str(failure) or "no answer in time"


def port_is_free(address: str, port: int) -> bool:
    """Whether a server could listen there. Raises OSError when the address is not one of this machine."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
            probe.listen(1)
        except OSError as failure:
            if failure.errno in {98, 48}:  # EADDRINUSE on Linux and on BSD
                return False
            raise
        return True


def check_port(name: str, address: str, port: int, running: str | None, own_name: str) -> Diagnosis:
    """Judge one port; ``running`` is the node that answers on this machine's HTTP port, if one does."""
    check, allowed = f"ports.{name}", "a free port, or this node's own"
    try:
        free = port == 0 or port_is_free(address, port)
    except OSError as failure:
        return error(
            check, f"{addresses.join(address, port)}: {reason(failure)}", allowed, "correct bind, or the port's number"
        )
    if free:
        return ok(check, f"{port} is free" if port else "any free one is taken", allowed)
    if running == own_name:
        return ok(check, f"{port} is in use by {own_name}, which is running", allowed)
    owner = f"the node {running}" if running else "another program"
    return error(check, f"{port} is in use by {owner}", allowed, f"end it, or choose another port in ports.{name}")


def check_directory(path: Path) -> Diagnosis:
    """Judge the directory for what the node remembers: there and writable, or one that can be made."""
    check, allowed = "files.state_directory", "a directory this user may write to, or make"
    existing = next((each for each in (path, *path.absolute().parents) if each.exists()), path)
    remedy = f"run as the node's user, give that user write access to {path}, or set another state_directory"
    if not existing.is_dir():
        return error(check, f"{existing} is no directory", allowed, remedy)
    if existing == path and (fault := directory_fault(path)):
        return error(check, fault, "a directory of this user's own", remedy)
    if not os.access(existing, os.W_OK | os.X_OK):
        return error(check, f"{existing} cannot be written to by this user", allowed, remedy)
    return ok(check, str(path) if existing == path else f"{path}, to be made", allowed)


def check_exposure(options: NodeOptions) -> list[Diagnosis]:
    """What the options leave open to others."""
    found = [
        warning(f"access.{each.code}", each.found, "members and operators that prove who they are", each.remedy)
        for each in exposures(options)
    ]
    return found or [ok("access.proof", "members and operators prove who they are")]


def own_context(certificates: Certificates | None) -> ssl.SSLContext:
    """TLS to a node's port: nobody is verified, for only a name or a date is read; the node's own certificate is shown.

    A port that asks for client certificates takes those of the cluster's nodes, where they may be clients.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if certificates is not None:
        # Files that cannot be used have a finding of their own.
        with contextlib.suppress(OSError, ValueError):
            context.load_cert_chain(certificates.certificate, certificates.private_key, password="")
    return context


async def who_answers(url: str, context: ssl.SSLContext) -> str | None:
    """Name of the node that answers at an address; None when none does."""
    try:
        async with HttpClient(ANSWERS, tls=context) as client:
            page = load_json((await client.request("GET", f"{url}/cluster")).body)
        return one_line(page["answered_by"])
    except (*REQUEST_FAILURES, ValueError, RecursionError, KeyError, TypeError):
        return None


async def ask(client: HttpClient, url: str) -> tuple[int, Mapping[str, str], float]:
    """Status and headers of an address, and the Unix time in seconds in the middle of the exchange."""
    sent_at = time.time()
    async with asyncio.timeout(ANSWER_SECONDS):
        answer = await client.request("HEAD", url)
    return answer.status, answer.headers, (sent_at + time.time()) / 2


def check_clock(name: str, headers: Mapping[str, str], asked_at: float, *, signed: bool = False) -> Diagnosis:
    """Compare the clock of a server, by the date in its answer, with this machine's.

    ``signed``: calls between the two are signed with the cluster's secret, which holds for a time by both clocks.
    """
    check, allowed = f"clock.{name}", f"at most {MOST_OFFSET_SECONDS:g} s apart"
    try:
        # The date was cut to whole seconds.
        their_time = parsedate_to_datetime(headers.get("date", "")).timestamp() + 0.5
    except (TypeError, ValueError, OverflowError, IndexError):
        return skipped(check, "its answer carries no date")
    offset = their_time - asked_at
    if abs(offset) > MOST_OFFSET_SECONDS + 0.5:
        found = f"this machine is {abs(offset):.0f} s {'behind' if offset > 0 else 'ahead'}"
        if signed and abs(offset) > WINDOW_SECONDS - 1.0:
            remedy = f"synchronise the clocks (NTP): from {WINDOW_SECONDS:g} s on signed calls are refused"
            return error(check, found, allowed, remedy)
        remedy = "synchronise the clocks (NTP). No lease depends on them; histories, records and certificates do"
        return warning(check, found, allowed, remedy)
    return ok(check, "no difference that matters", allowed)
