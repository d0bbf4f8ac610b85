"""How long certificates are still valid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SECONDS_PER_DAY = 86_400.0


def days_left(file: Path, now: float) -> float:
    """Days from ``now`` (Unix time in seconds) until the first certificate of a PEM file expires; negative after it.

    Raises OSError when the file cannot be read, ValueError when it holds no certificate. The first one is the node's
    own; those of authorities after it live longer, or fail as authorities at the same time.
    """
    certificates = x509.load_pem_x509_certificates(file.read_bytes())
    return (certificates[0].not_valid_after_utc.timestamp() - now) / SECONDS_PER_DAY


def all_days_left(files: Iterable[Path], now: float) -> dict[Path, float | str]:
    """Days left by file, or why it cannot be told."""
    found: dict[Path, float | str] = {}
    for file in files:
        try:
            found[file] = days_left(file, now)
        except OSError as error:
            found[file] = (error.strerror or type(error).__name__).lower()
        except ValueError:
            found[file] = "no certificate in PEM format"
    return found
