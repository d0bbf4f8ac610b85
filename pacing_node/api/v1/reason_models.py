"""The words the API answers with, and what they mean."""

from __future__ import annotations

from pydantic import BaseModel, Field

from pacing_node.api.v1.answer_models import Answer


class Meaning(BaseModel):
    """One word and its meaning."""

    code: str
    meaning: str = Field(description="What it says, and where to look.")


class ReasonsAnswer(Answer):
    """Every reason there is, by what it explains."""

    targets: list[Meaning] = Field(description="Why a target got its number.")
    silence: list[Meaning] = Field(description="Why nothing is pushed.")
    ends: list[Meaning] = Field(description="Why a term ended.")
    findings: list[Meaning] = Field(description="What discovery finds, with what to do.")
