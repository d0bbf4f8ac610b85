"""Alarms as the API shows them."""

from __future__ import annotations

from pydantic import BaseModel, Field

from pacing_node.api.v1.answer_models import Answer


class ActiveAlarm(BaseModel):
    """One alarm that is raised."""

    id: str
    condition: str
    object: str
    severity: str
    scope: str
    raised_by: str
    raised_at: float
    value: float
    threshold: float
    unit: str
    text: str = Field(description="What was known when it was raised.")
    newest_text: str = Field(description="What is known now.")


class AlarmReceiver(BaseModel):
    """A receiver of alarms, and how it does."""

    name: str
    waiting: int
    delivered: int
    dropped: int
    trouble: str = Field(description="Why it does not take alarms; empty when it does.")


class AlarmsPage(BaseModel):
    """What is wrong, of this node and of the cluster, and who was told."""

    active: list[ActiveAlarm]
    withheld: dict[str, int] = Field(description="Alarms beyond the bound of their condition, by condition.")
    receivers: list[AlarmReceiver]


class AlarmsAnswer(AlarmsPage, Answer):
    """What is wrong, of this node and of the cluster, and who was told."""
