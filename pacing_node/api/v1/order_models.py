"""Orders, as requests and answers."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from cluster.outside_text import valid_tree
from cluster.records import LONGEST_PAUSE_SECONDS
from pacing_node.api.v1.answer_models import Answer
from pacing_node.api.v1.target_models import TargetHold
from pacing_node.cycle.holds import LONGEST_SECONDS, MOST_TEXT

Why = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MOST_TEXT),
    Field(description="Why; it is shown wherever the order is, and kept in the audit log."),
]


def _valid_text(values: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """JSON can hold half of a surrogate pair, as an escape, and nothing that is kept or written can."""
    if valid_tree(values) != values:
        raise ValueError("allowed: valid Unicode, without half of a surrogate pair")
    return values


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")

    why: Why


class WhyOrder(_Strict):
    """An order that needs nothing but its reason."""


class StepDownOrder(_Strict):
    """Ask the master to resign."""

    to: str = Field("", max_length=200, description="The member that shall take over; empty: whoever can.")
    epoch: int = Field(
        0,
        ge=0,
        le=10**12,
        description="The term that shall end; refused when another is running, so that a repetition ends no second "
        "term, at whichever node it arrives. 0: whichever is running.",
    )
    wait: bool = Field(False, description="Answer when another member is master, or after 15 s.")


class PauseOrder(_Strict):
    """Keep the master: nobody takes over."""

    seconds: float | None = Field(None, gt=0, le=LONGEST_PAUSE_SECONDS, description="An hour unless given.")


class HoldOrder(_Strict):
    """Allow no invitations."""

    seconds: float | None = Field(
        None, gt=0, le=LONGEST_SECONDS, description="How long; without it until it is released."
    )


class OptionsOrder(_Strict):
    """Put other cluster options in force."""

    text: str = Field(max_length=60_000, description="The whole document, YAML. Covered secrets are not accepted.")


class OptionsChange(_Strict):
    """Set single options of the cluster."""

    set: Annotated[dict[str, JsonValue], AfterValidator(_valid_text)] = Field(
        min_length=1,
        max_length=50,
        description="Options by their keys as in files, such as `log.verbose`; comments and other options stay. "
        "Null takes an option out: its default holds.",
    )


class OrderState(BaseModel):
    """What orders change, as the node that answers knew it."""

    master: str | None
    epoch: int
    paused_by: str | None
    paused_until: float | None
    stopped: TargetHold | None = Field(description="The emergency stop in force.")
    held: int = Field(description="Targets that are held one by one.")
    hold: TargetHold | None = Field(description="What holds the target of the order; null for orders of no target.")
    options_version: int | None


class OrderAnswer(Answer):
    """An order that was carried out: what was so before and after."""

    order: str = Field(description="The operation of this document.")
    by: str
    why: str
    done_at: float
    repeated: bool = Field(description="Whether this is the answer to an earlier order with the same key.")
    before: OrderState
    after: OrderState
