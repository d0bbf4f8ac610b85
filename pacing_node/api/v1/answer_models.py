"""What every answer of the API says: how current its numbers are, and whose they are."""

from __future__ import annotations

from pydantic import BaseModel, Field

from pacing_node.monitoring.silence import SilenceReason


class Source(BaseModel):
    """Whose cycle the numbers are of."""

    node: str = Field(description="The node that answered, from its own copy.")
    master: str | None = Field(description="The master whose cycle this is; null before the first, or not known.")
    epoch: int = Field(description="Its term; 0 before the first cycle.")
    sequence: int = Field(description="Number of its push in the term; 0 when the cycle did not push.")


class Answer(BaseModel):
    """How current an answer is. Moments are Unix seconds."""

    as_of: float | None = Field(description="When the newest cycle calculated; null before the first.")
    age_seconds: float | None = Field(description="Age of that cycle by the clock of the node that answers.")
    source: Source
    accepted_at: float | None = Field(description="When the platform accepted the newest push; null: none known.")
    silent_since: float | None = Field(description="Since when nothing was pushed; null while pacing goes on.")
    silent_reason: SilenceReason | None = Field(description="Why nothing is pushed.")
    silent_text: str = Field(description="The same in words; empty while pacing goes on.")
