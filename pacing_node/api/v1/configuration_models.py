"""The cluster's options as the API shows them: secrets are covered, always."""

from __future__ import annotations

from pydantic import BaseModel, Field

from pacing_node.api.v1.answer_models import Answer


class OptionsVersion(BaseModel):
    """One version of the options."""

    version: int
    written_at: float | None = Field(description="null when no command or order wrote it.")
    written_by: str
    text: str = Field(description="YAML, values of secrets covered.")
    diff: str = Field(description="What it changed, as a unified diff; empty for the oldest version kept.")


class ConfigurationAnswer(Answer):
    """The options in force, and the newest versions."""

    version: int | None = Field(description="Version of the newest document; null: there is none.")
    version_in_force: int | None = Field(description="Version that is in force; lower while the newest is refused.")
    text: str = Field(description="The newest document as YAML, values of secrets covered.")
    problems: list[str] = Field(description="Why the newest document is not in force.")
    restart_needed: list[str] = Field(description="Keys that take effect at the next start of a node.")
    versions: list[OptionsVersion] = Field(description="Newest first.")
    versions_unavailable: str | None = Field(description="Why the versions cannot be read now.")
    findings: list[str] = Field(description="What discovery found in the configuration objects, the first 200.")
