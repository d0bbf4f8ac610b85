"""How long certificates last, read from their files."""

from __future__ import annotations

import ssl
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pacing_node.doctor.diagnosis import error, ok, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pacing_node.doctor.diagnosis import Diagnosis

WARNING_DAYS = 14.0
_DAY_SECONDS = 86400.0
_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
_SEQUENCE, _VERSION, _UTC_TIME, _GENERALIZED_TIME = 0x30, 0xA0, 0x17, 0x18


def check_certificate(
    use: str,
    path: Path,
    private_key: Path | None = None,
    *,
    password: str = "",
    now: float | None = None,
    authorities: bool = False,
) -> Iterator[Diagnosis]:
    """Judge every certificate in a PEM file, and that the private key belongs to the first one.

    ``use`` says where it is used, in one word; ``now`` is Unix time in seconds, the present unless given. Of a file of
    ``authorities`` one that still holds is enough to go on with.
    """
    check = f"certificates.{use}.{path.name}"
    try:
        terms = [validity(der) for der in _certificates(path.read_text())]
    except (OSError, ValueError) as failure:
        yield error(check, f"cannot be read: {failure}", "a PEM file with certificates", f"correct {path}")
        return
    if not terms:
        yield error(check, "holds no certificate", "a PEM file with certificates", f"correct {path}")
        return
    yield _judged(check, path, terms, time.time() if now is None else now, authorities=authorities)
    if private_key is not None:
        yield _key(f"certificates.{use}.{private_key.name}", path, private_key, password)


def _judged(
    check: str, path: Path, terms: Sequence[tuple[float, float]], now: float, *, authorities: bool
) -> Diagnosis:
    """Judge from when to when the certificates of a file hold."""
    first_end, last_begin = min(end for _, end in terms), max(begin for begin, _ in terms)
    days = (first_end - now) / _DAY_SECONDS
    allowed, renew = f"{WARNING_DAYS:g} days or more", f"renew {path}; nodes read it again"
    if last_begin > now:
        remedy = f"set this machine's clock, or take the certificate that holds now into {path}"
        return error(check, f"holds from {_date(last_begin)} on only", "a certificate that holds now", remedy)
    if days < 0:
        found = f"expired {-days:.1f} days ago, {_date(first_end)}"
        some_hold = authorities and any(end > now for _, end in terms)
        return (warning if some_hold else error)(check, found, allowed, renew)
    if days < WARNING_DAYS:
        return warning(check, f"{days:.1f} days left, until {_date(first_end)}", allowed, renew)
    return ok(check, f"{days:.0f} days left, until {_date(first_end)}", allowed)


def _date(unix: float) -> str:
    return datetime.fromtimestamp(unix, UTC).strftime("%Y-%m-%d %H:%M UTC")


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
    """When a certificate ends, Unix time in seconds. Raises ValueError."""
    return validity(der)[1]


def validity(der: bytes) -> tuple[float, float]:
    """From when to when a certificate holds, Unix time in seconds, from its X.509 encoding (RFC 5280, 4.1).

    Raises ValueError.
    """
    certificate, _ = _value(der, _SEQUENCE)
    rest, _ = _value(certificate, _SEQUENCE)
    if rest[:1] == bytes([_VERSION]):
        _, rest = _value(rest, _VERSION)
    for _ in ("serial number", "signature algorithm", "issuer"):
        _, rest = _value(rest)
    terms, _ = _value(rest, _SEQUENCE)
    begin, not_after = _value(terms)
    end, _ = _value(not_after)
    return _time(terms[0], begin), _time(not_after[0], end)


def _time(tag: int, text: bytes) -> float:
    form = {_UTC_TIME: "%y%m%d%H%M%SZ", _GENERALIZED_TIME: "%Y%m%d%H%M%SZ"}.get(tag)
    if form is None:
        raise ValueError("no time of validity")
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
