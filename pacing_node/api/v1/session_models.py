"""Sessions of browsers, as requests and answers."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from cluster.access.roles import AccessRole


class BeginSession(BaseModel):
    """What begins a session."""

    model_config = ConfigDict(extra="forbid")

    token: str = Field(min_length=1, max_length=8000, description="A token of `pacing token create`, or a JWT.")


class SessionAnswer(BaseModel):
    """Who asks, and what they may do."""

    name: str | None = Field(description="Who asks, as they proved it; null for somebody unknown.")
    role: AccessRole | None = Field(description="null for somebody who may not even read.")
    session: bool = Field(description="Whether this is a browser's session.")
    csrf: str | None = Field(description="What the session's orders show in the header X-CSRF-Token.")
    orders: list[str] = Field(description="Operations of this document that the role may call and that change things.")
    ends_after_seconds: float | None = Field(description="Longest time the session lasts.")
