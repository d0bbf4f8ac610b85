"""Certificates for a cluster under attack: those of its members, and those a stranger may hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.harness.authority import Authority

if TYPE_CHECKING:
    from pathlib import Path

MEMBER = "member.pacing.test"
"""The name members' certificates hold."""


def write_certificates(own: Path, stranger: Path) -> None:
    """Those of the members below ``own``; below ``stranger`` those that must give no right to orders.

    ``other`` is of the same authority and names no member, ``foreign`` of another authority that uses the members'
    name, ``expired`` was a member's.
    """
    authority, foreign = Authority("pacing attack"), Authority("nobody")
    for directory in (own, stranger):
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "authorities.pem").write_bytes(authority.pem)
    _write(own, "member", authority.sign(MEMBER))
    _write(stranger, "other", authority.sign("other.pacing.test"))
    _write(stranger, "foreign", foreign.sign(MEMBER))
    _write(stranger, "expired", authority.sign(MEMBER, days=-1.0))


def _write(directory: Path, name: str, made: tuple[bytes, bytes]) -> None:
    certificate, key = made
    (directory / f"{name}-certificate.pem").write_bytes(certificate)
    file = directory / f"{name}-key.pem"
    file.touch(mode=0o600)
    file.write_bytes(key)
