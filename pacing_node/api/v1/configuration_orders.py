"""Orders that change the options of the cluster, by compare-and-set: `If-Match` names the version they are based on."""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Header, Path, Request

from cluster.errors import ClusterError
from cluster.outside_text import one_line
from pacing_node.api.v1.order_desk import ORDER_PROBLEMS, OrderDesk, OrderWork
from pacing_node.api.v1.order_models import OptionsChange, OptionsOrder, OrderAnswer, WhyOrder
from pacing_node.api.v1.problem_details import ProblemError, problems
from pacing_node.options.errors import ConfigurationError
from pacing_node.options.masking import MASK
from pacing_node.options.option_edit import with_options
from pacing_node.options.options_history import PastVersion, read_history, record
from pacing_node.options.options_store import OptionsChangedError, StoredOptions, read_options, replace_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cluster.documents import DocumentStore

IfMatch = Annotated[str | None, Header(description='Version the change is based on, as `ETag` of `/config`: "4".')]
_TAG = re.compile(r'"(\d{1,10})"')


class ConfigurationOrders:
    """Replaces the options, and brings an earlier version back."""

    def __init__(self, desk: OrderDesk, documents: DocumentStore, past_options: DocumentStore) -> None:
        self._desk = desk
        self._documents = documents
        self._past_options = past_options
        responses = problems(*ORDER_PROBLEMS, 404, 412, 428)
        self.router = APIRouter(tags=["configuration"], responses=responses)
        route = self.router.add_api_route
        route("/config", self.replace, methods=["PUT"], operation_id="replaceConfiguration")
        route("/config", self.change, methods=["PATCH"], operation_id="changeConfiguration")
        restore = "/config/versions/{version}/restore"
        route(restore, self.restore, methods=["POST"], operation_id="restoreConfiguration")

    async def replace(self, order: OptionsOrder, request: Request, if_match: IfMatch = None) -> OrderAnswer:
        """Put other options in force, whole, with their secrets; `reveal` them with `pacing config show --reveal`."""
        based_on = _version(if_match)
        if MASK in order.text:
            raise ProblemError(422, f"body.text: found {MASK} in place of a secret; allowed: the secret itself")

        async def work(who: str) -> Mapping[str, object]:
            return await self._write(order.text, based_on, who)

        asked, content = {"based_on": based_on}, fingerprint(order.text)
        work_of = OrderWork("replaceConfiguration", asked, order.why, work, fingerprint=content)
        return await self._desk.carry_out(request, work_of)

    async def change(self, order: OptionsChange, request: Request, if_match: IfMatch = None) -> OrderAnswer:
        """Set single options; the rest of the document stays as it is, to the character, secrets included."""
        based_on = _version(if_match)

        async def work(who: str) -> Mapping[str, object]:
            stored = await self._based_on(based_on)
            try:
                text = await asyncio.to_thread(with_options, stored.text, order.set)
            except ConfigurationError as error:
                raise ProblemError(422, one_line("; ".join(map(str, error.problems)), 1000)) from None
            return await self._replace(stored, text, who)

        asked, content = {"based_on": based_on, "keys": sorted(order.set)}, fingerprint(order.model_dump_json())
        work_of = OrderWork("changeConfiguration", asked, order.why, work, fingerprint=content)
        return await self._desk.carry_out(request, work_of)

    async def restore(
        self,
        version: Annotated[int, Path(ge=0, le=2**31 - 1)],
        order: WhyOrder,
        request: Request,
        if_match: IfMatch = None,
    ) -> OrderAnswer:
        """Put an earlier version in force again, as a new one; the secrets are those it had."""
        based_on = _version(if_match)

        async def work(who: str) -> Mapping[str, object]:
            past = {each.version: each for each in await read_history(self._past_options)}
            if version not in past:
                kept = ", ".join(map(str, past)) or "none"
                raise ProblemError(404, f"version {version} is not kept; kept are {kept}")
            return await self._write(past[version].text, based_on, who)

        asked = {"based_on": based_on, "version": version}
        return await self._desk.carry_out(request, OrderWork("restoreConfiguration", asked, order.why, work))

    async def _write(self, text: str, based_on: int, who: str) -> Mapping[str, object]:
        """Write by compare-and-set, and keep who did it. Raises ProblemError and ClusterError."""
        return await self._replace(await self._based_on(based_on), text, who)

    async def _based_on(self, version: int) -> StoredOptions:
        """The options in force. Raises ProblemError where they are of another version."""
        stored = await read_options(self._documents)
        if stored is None or stored.version != version:
            found = f"version {stored.version}" if stored is not None else "none"
            raise ProblemError(412, f"header.If-Match: based on version {version}, in force is {found}; read it again")
        return stored

    async def _replace(self, stored: StoredOptions, text: str, who: str) -> Mapping[str, object]:
        """Write by compare-and-set, and keep who did it; the version now in force, which this node reads later."""
        try:
            version = await replace_options(self._documents, text, stored, "the options of the order")
        except ConfigurationError as error:
            raise ProblemError(422, one_line("; ".join(map(str, error.problems)), 1000)) from None
        except OptionsChangedError as error:
            raise ProblemError(412, f"header.If-Match: {error}") from None
        await self._keep(stored, PastVersion(version, text, time.time(), one_line(who)))
        return {"options_version": version}

    async def _keep(self, stored: StoredOptions, past: PastVersion) -> None:
        """Enter the version into the history. Raises ProblemError: the options are in force all the same."""
        try:
            await record(self._past_options, stored, past)
        except ClusterError as error:
            detail = f"version {past.version} is in force; the history of versions was not written: {error}"
            raise ProblemError(504, detail) from None


def fingerprint(text: str) -> str:
    """Tells texts apart without showing them."""
    return hashlib.sha256(text.encode()).hexdigest()


def _version(if_match: str | None) -> int:
    """The version a change is based on. Raises ProblemError."""
    if if_match is None:
        raise ProblemError(428, 'header.If-Match is missing; allowed: the ETag of /api/v1/config, for example "4"')
    found = _TAG.fullmatch(if_match.strip())
    if found is None:
        raise ProblemError(412, f'header.If-Match: found {one_line(if_match, 40)}, allowed: a version such as "4"')
    return int(found[1])
