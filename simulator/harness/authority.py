"""A certificate authority for clusters that are attacked or tried out; its key exists in memory only."""

from __future__ import annotations

import datetime
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = datetime.timedelta(days=1)


class Authority:
    """Signs certificates; its key exists in memory only."""

    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        self._certificate = _builder(self._name, self._name, self._key).add_extension(constraints, critical=True)
        self.certificate = self._certificate.sign(self._key, hashes.SHA256())

    def sign(self, name: str, *others: str, days: float = 1.0) -> tuple[bytes, bytes]:
        """A certificate for names at 127.0.0.1 and its key, PEM; with negative days it has expired already."""
        key = ec.generate_private_key(ec.SECP256R1())
        hosts = [x509.DNSName(each) for each in (name, *others)]
        names = x509.SubjectAlternativeName([*hosts, x509.IPAddress(ip_address("127.0.0.1"))])
        builder = _builder(_named(name), self._name, key, days).add_extension(names, critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        return _pem(certificate), _pem_key(key)

    @property
    def pem(self) -> bytes:
        """Its own certificate."""
        return _pem(self.certificate)


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
