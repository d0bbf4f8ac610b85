"""Whether the certificates in a file hold now and for long enough, and belong to their key."""

from __future__ import annotations

import ssl
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pacing_node.doctor.diagnosis import error, ok, warning
from pacing_node.tls import SECONDS_PER_DAY, validities

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pacing_node.doctor.diagnosis import Diagnosis
    from pacing_node.tls import Validity

WARNING_DAYS = 14.0


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
        found = validities(path)
    except (OSError, ValueError) as failure:
        yield error(check, f"cannot be read: {failure}", "a PEM file with certificates", f"correct {path}")
        return
    yield _judged(check, path, found, time.time() if now is None else now, authorities=authorities)
    if private_key is not None:
        yield _key(f"certificates.{use}.{private_key.name}", path, private_key, password)


def _judged(check: str, path: Path, validity: Sequence[Validity], now: float, *, authorities: bool) -> Diagnosis:
    """Judge from when to when the certificates of a file hold."""
    first_end, last_begin = min(each.ends_at for each in validity), max(each.begins_at for each in validity)
    days = (first_end - now) / SECONDS_PER_DAY
    allowed, renew = f"{WARNING_DAYS:g} days or more", f"renew {path}; nodes read it again"
    if last_begin > now:
        remedy = f"set this machine's clock, or take the certificate that holds now into {path}"
        return error(check, f"holds from {_date(last_begin)} on only", "a certificate that holds now", remedy)
    if days < 0:
        found = f"expired {-days:.1f} days ago, {_date(first_end)}"
        some_hold = authorities and any(each.ends_at > now for each in validity)
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
