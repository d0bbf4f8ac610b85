"""The verdict on a call, and the reasons for one that is refused."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cluster.access.principal import Principal
    from cluster.access.roles import AccessRole


class Refusal(StrEnum):
    """Why a call is refused."""

    NO_PROOF = "no proof"
    """Nothing was shown that says who calls."""
    BAD_PROOF = "bad proof"
    """What was shown is wrong, expired or repeated."""
    TOO_WEAK = "too weak"
    """The caller is known and may not do this."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a call may go on, and on whose behalf."""

    needed: AccessRole
    principal: Principal | None = None
    """Who calls; None for somebody unknown."""
    refusal: Refusal | None = None
    """None for a call that may go on."""
    reason: str = ""
    """Why it is refused, in words that hold no secret; for the caller and for the audit log."""

    @property
    def allowed(self) -> bool:
        """Whether the call may go on."""
        return self.refusal is None
