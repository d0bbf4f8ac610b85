"""What a node's options leave open to others: said at its start, by `pacing doctor` and on the page `/cluster`."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cluster import addresses

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pacing_node.options.node_options import NodeOptions


@dataclass(frozen=True, slots=True)
class Exposure:
    """One thing that is open."""

    code: str
    found: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.found}; {self.remedy} [{self.code}]"


def exposures(options: NodeOptions) -> tuple[Exposure, ...]:
    """What is open, the worst first; nothing for a node whose members and operators prove who they are."""
    return tuple(_exposures(options))


def _exposures(options: NodeOptions) -> Iterator[Exposure]:
    wide, proof = not addresses.is_local_host(options.bind), has_proof(options)
    if not proof:
        yield Exposure(
            "no_proof",
            "members and operators have nothing to prove themselves by: everybody on this machine can give orders"
            + (", and members on other machines are refused" if wide else ""),
            "set access.secret_file, the same for every node, or peer_certificates",
        )
    elif wide and options.peer_certificates is None:
        yield Exposure(
            "plain_members",
            f"the clustering port on {options.bind} speaks plain text: calls are signed, and can be read on the way",
            "set peer_certificates, or keep the network to the members",
        )
    if options.access.plain_tokens and options.peer_certificates is None:
        yield Exposure(
            "plain_tokens",
            "access tokens are taken over connections that others can read",
            "set peer_certificates and take access.plain_tokens out",
        )
    if not wide and not options.standalone and not addresses.is_local_host(options.host):
        yield Exposure(
            "bound_to_this_machine",
            f"the ports listen on {options.bind} alone: members on other machines cannot reach {options.host}",
            "set bind to an address of the members' network",
        )
    for option, path in _secret_files(options):
        yield from _open_file(option, path)


def has_proof(options: NodeOptions) -> bool:
    """Whether members can prove who they are."""
    access = options.access
    return access.secret is not None or access.secret_file is not None or options.peer_certificates is not None


def _secret_files(options: NodeOptions) -> Iterator[tuple[str, Path]]:
    """Files that hold secrets, by the options that name them."""
    if options.access.secret_file is not None:
        yield "access.secret_file", options.access.secret_file
    if options.certificates is not None:
        yield "certificates.private_key", options.certificates.private_key
    if options.peer_certificates is not None:
        yield "peer_certificates.private_key", options.peer_certificates.private_key


def _open_file(option: str, path: Path) -> Iterator[Exposure]:
    try:
        mode = path.stat().st_mode
    except OSError:
        return  # said by who reads it
    if mode & stat.S_IRWXO:
        yield Exposure(
            "secret_file_open",
            f"the file {option} is open to every user of this machine (mode {stat.S_IMODE(mode):04o})",
            "take the rights of others away: chmod o-rwx",
        )
