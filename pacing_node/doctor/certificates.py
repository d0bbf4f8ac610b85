"""How long certificates last, read from their files."""

from __future__ import annotations

import ssl
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pacing_node.doctor.diagnosis import error, ok, warning

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pacing_node.doctor.diagnosis import Diagnosis

WARNING_DAYS = 14.0
_DAY_SECONDS = 86400.0
_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
_SEQUENCE, _VERSION, _UTC_TIME, _GENERALIZED_TIME = 0x30, 0xA0, 0x17, 0x18


def check_certificate(
    use: str, path: Path, private_key: Path | None = None, *, password: str = "", now: float | None = None
) -> Iterator[Diagnosis]:
    """Judge every certificate in a PEM file, and that the private key belongs to the first one.

    ``use`` says where it is used, in one word; ``now`` is Unix time in seconds, the present unless given.
    """
    check = f"certificates.{use}.{path.name}"
    try:
        ends = [expires_at(der) for der in _certificates(path.read_text())]
    except (OSError, ValueError) as failure:
        yield error(check, f"cannot be read: {failure}", "a PEM file with certificates", f"correct {path}")
        return
    if not ends:
        yield error(check, "holds no certificate", "a PEM file with certificates", f"correct {path}")
        return
    days = (min(ends) - (time.time() if now is None else now)) / _DAY_SECONDS
    until = datetime.fromtimestamp(min(ends), UTC).strftime("%Y-%m-%d %H:%M UTC")
    allowed = f"{WARNING_DAYS:g} days or more"
    if days < 0:
        yield error(check, f"expired {-days:.1f} days ago, {until}", allowed, f"renew {path}; nodes read it again")
    elif days < WARNING_DAYS:
        yield warning(check, f"{days:.1f} days left, until {until}", allowed, f"renew {path}; nodes read it again")
    else:
        yield ok(check, f"{days:.0f} days left, until {until}", allowed)
    if private_key is not None:
        yield _key(f"certificates.{use}.{private_key.name}", path, private_key, password)


def _key(check: str, path: Path, private_key: Path, password: str) -> Diagnosis:
    try:
        # Without a password, though empty, it would be asked for on the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(path, private_key, password=password)
    except (OSError, ValueError) as failure:
        return error(
            check, f"does not go with {path.name}: {failure}", "the key of that certificate", "correct the files"
        )
    return ok(check, f"belongs to {path.name}")


def _certificates(text: str) -> Iterator[bytes]:
    for part in text.split(_BEGIN)[1:]:
        yield ssl.PEM_cert_to_DER_cert(_BEGIN + part.partition(_END)[0] + _END)


def expires_at(der: bytes) -> float:
    """When a certificate ends, Unix time in seconds, from its X.509 encoding (RFC 5280, 4.1). Raises ValueError."""
    certificate, _ = _value(der, _SEQUENCE)
    rest, _ = _value(certificate, _SEQUENCE)
    if rest[:1] == bytes([_VERSION]):
        _, rest = _value(rest, _VERSION)
    for _ in ("serial number", "signature algorithm", "issuer"):
        _, rest = _value(rest)
    validity, _ = _value(rest, _SEQUENCE)
    _, not_after = _value(validity)
    text, _ = _value(not_after)
    form = {_UTC_TIME: "%y%m%d%H%M%SZ", _GENERALIZED_TIME: "%Y%m%d%H%M%SZ"}.get(not_after[0])
    if form is None:
        raise ValueError("no end of validity")
    return datetime.strptime(text.decode("ascii"), form).replace(tzinfo=UTC).timestamp()


def _value(data: bytes, tag: int | None = None) -> tuple[bytes, bytes]:
    """Content of the first element of DER data, and what follows it."""
    if len(data) < 2 or (tag is not None and data[0] != tag):
        raise ValueError("no X.509 certificate")
    size, start = data[1], 2
    if size & 0x80:
        start += size & 0x7F
        size = int.from_bytes(data[2:start], "big")
    if len(data) < start + size:
        raise ValueError("the certificate is cut short")
    return data[start : start + size], data[start + size :]
