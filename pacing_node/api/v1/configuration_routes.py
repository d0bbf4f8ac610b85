"""`/api/v1/config`: the options of the cluster, values of secrets covered, with their newest versions."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import TYPE_CHECKING

from fastapi import APIRouter, Response

from cluster.errors import ClusterError
from cluster.outside_text import one_line
from pacing_node.api.renderings import OneAtATime
from pacing_node.api.v1.configuration_models import ConfigurationAnswer, OptionsVersion
from pacing_node.options.masking import masked
from pacing_node.options.options_store import options_diff

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pacing_node.api.v1.api_view import ApiView
    from pacing_node.options.options_history import PastVersion

MOST_FINDINGS = 200


class ConfigurationRoutes:
    """The options in force and how they came to be."""

    def __init__(self, view: ApiView) -> None:
        self._view = view
        self._past = OneAtATime(self._versions)
        self.router = APIRouter(tags=["configuration"])
        self.router.add_api_route("/config", self.config, operation_id="config")

    async def config(self, response: Response) -> ConfigurationAnswer:
        """The options, values of secrets covered; `ETag` is the version that a change must be based on."""
        store, targets = self._view.options, self._view.plan.targets
        newest = store.newest
        text = newest.data.decode(errors="replace") if newest is not None else ""
        versions, unavailable = await self._past.get()
        if newest is not None:
            response.headers["ETag"] = f'"{newest.version}"'
        values = {
            "version": newest.version if newest is not None else None,
            "version_in_force": store.version,
            "text": await asyncio.to_thread(masked, text),
            "problems": list(store.problems),
            "restart_needed": list(self._view.restart_needed()),
            "versions": versions,
            "versions_unavailable": unavailable,
            "findings": [
                f"{each.severity}: {each.where}: {each.message}" for each in (targets.findings if targets else ())
            ][:MOST_FINDINGS],
        }
        return ConfigurationAnswer.model_validate({**values, **self._view.answer()})

    async def _versions(self) -> tuple[list[OptionsVersion], str | None]:
        """The newest versions, or why they cannot be read."""
        try:
            past = await self._view.past_options()
        except ClusterError as error:
            return [], one_line(error)
        return await asyncio.to_thread(_shown, past), None


def _shown(past: Sequence[PastVersion]) -> list[OptionsVersion]:
    """Versions for people, newest first, each with what it changed. Secrets are covered before texts are compared."""
    texts = [masked(each.text) for each in past]
    diffs = [options_diff(before, after, "before", "after") for before, after in pairwise(texts)]
    if texts:
        diffs.insert(0, "")  # what the oldest changed, nobody knows any more
    shown = [
        OptionsVersion(
            version=each.version, written_at=each.written_at, written_by=each.written_by, text=text, diff=diff
        )
        for each, text, diff in zip(past, texts, diffs, strict=True)
    ]
    return shown[::-1]
