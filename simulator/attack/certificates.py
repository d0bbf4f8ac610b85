"""Certificates for a cluster under attack: those of its members, and those a stranger may hold."""

from __future__ import annotations

import datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path

MEMBER = "member.pacing.test"
"""The name members' certificates hold."""
_DAY = datetime.timedelta(days=1)


class Authority:
    """Signs certificates; its key exists in memory only."""

    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        self._certificate = _builder(self._name, self._name, self._key).add_extension(constraints, critical=True)
        self.certificate = self._certificate.sign(self._key, hashes.SHA256())

    def sign(self, name: str, *, days: float = 1.0) -> tuple[bytes, bytes]:
        """A certificate for ``name`` at 127.0.0.1 and its key, PEM; with negative days it has expired already."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.DNSName(name), x509.IPAddress(ip_address("127.0.0.1"))])
        builder = _builder(_named(name), self._name, key, days).add_extension(names, critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        return _pem(certificate), _pem_key(key)

    @property
    def pem(self) -> bytes:
        """Its own certificate."""
        return _pem(self.certificate)


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


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: float = 1.0
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 2 * _DAY)
        .not_valid_after(now + days * _DAY)
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _pem_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    return key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
