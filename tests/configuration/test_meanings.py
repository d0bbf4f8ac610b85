"""What options mean is read from their sources, as pydantic reads it."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from pacing_node.options.cluster_options import ClusterOptions
from pacing_node.options.meanings import meanings
from pacing_node.options.node_options import NodeOptions
from pacing_node.options.schema import options


class Base(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)
    inherited: int = 1
    """Of the base,
    in two lines."""


class Documented(Base):
    bare: int = 1
    told: str = ""
    """What it is."""
    other: ClassVar[int] = 2
    """No field has this."""


def test_the_texts_are_those_that_pydantic_reads():
    read = {name: " ".join((info.description or "").split()) for name, info in Documented.model_fields.items()}
    found = meanings(Documented)
    assert {name: found.get(name, "") for name in read} == read
    assert read == {"inherited": "Of the base, in two lines.", "bare": "", "told": "What it is."}


def test_every_option_has_a_meaning():
    for model in (NodeOptions, ClusterOptions):
        assert [option.path for option in options(model) if not option.meaning and not option.section] == []
