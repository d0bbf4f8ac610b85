"""Channels and groups: what a web page would be told about inbound traffic."""

from __future__ import annotations

from pydantic import BaseModel, Field

from pacing_node.api.v1.answer_models import Answer


class Inbound(BaseModel):
    """What the two public reads answer."""

    reactive_state: float = Field(description="Share of inbound traffic to allow, 0..1.")
    capacity: int | None = Field(
        description="Interactions that ready agents can still take; null while the node's statistics are not current, "
        "for which the public read says 0."
    )
    targets: int = Field(description="Targets this is of.")


class GroupInbound(Inbound):
    """The same for one group of a channel."""

    group: str


class ChannelAnswer(Answer, Inbound):
    """One channel, whole and by group."""

    channel: str
    decides: bool = Field(description="Whether the law in force controls inbound traffic; else the state is 1.")
    advice: str = Field(description="What a page would do with it.")
    groups: list[GroupInbound] = Field(description="The first 200 groups by name.")


class Group(BaseModel):
    """An agent group."""

    name: str
    agents: int
    targets: list[str]
    channels: list[str]


class GroupsAnswer(Answer):
    """The agent groups that serve targets, and the channels there are."""

    channels: list[str]
    total: int
    groups: list[Group]
