"""Asks nodes over HTTP: the first of several that answers, with a clear line when none does."""

from __future__ import annotations

import inspect
import json
import secrets
from contextlib import aclosing
from contextvars import ContextVar
from functools import lru_cache, wraps
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from cluster.addresses import is_local_host
from cluster.outside_text import check_json
from pacing_node.cli.caller_trace import caller_trace
from pacing_node.cli.client_options import ClientFiles, client_options, context_of, full_url, token_of
from pacing_node.cli.exits import ExitCode, fail
from pacing_node.http_client.client import ClientSettings, HttpClient, StreamRefusedError, ask_once
from pacing_node.http_client.request_failures import BROKEN_PROTOCOL, REQUEST_FAILURES, UnreadableAnswerError
from pacing_node.http_client.url import url_parts
from pacing_node.options.errors import ConfigurationError

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, Callable, Mapping

    from pacing_node.cli.client_options import ClientOptions
    from pacing_node.http_client.client import Answer

DEFAULT_URL = ""
"""Nothing named: what the user's file says, else the port 8080 of this machine."""
REQUEST_SECONDS = 5.0
SILENT_SECONDS = 30.0
"""A stream of events is broken when nothing has come for so long; a node says something every 5 s."""
MOST_LINE_BYTES = 1024 * 1024
MOST_BYTES = 256 * 1024 * 1024
"""Longest page: the targets of the largest site."""

UrlOption = Annotated[
    str,
    typer.Option(
        "--url",
        envvar="PACING_URL",
        help="HTTP address of any node of the cluster, or several separated by commas: the first that answers. "
        "Default: http://127.0.0.1:8080.",
        show_default=False,
    ),
]
_Ca = Annotated[
    Path | None,
    typer.Option(
        "--ca", envvar="PACING_CLIENT_CA", help="PEM file of the authorities that sign the nodes' certificates."
    ),
]
_Certificate = Annotated[
    Path | None,
    typer.Option("--certificate", envvar="PACING_CLIENT_CERTIFICATE", help="PEM file shown to nodes that ask for it."),
]
_PrivateKey = Annotated[
    Path | None,
    typer.Option("--private-key", envvar="PACING_CLIENT_PRIVATE_KEY", help="PEM file with the key of --certificate."),
]
_TokenFile = Annotated[
    Path | None,
    typer.Option(
        "--token-file",
        envvar="PACING_TOKEN_FILE",
        help="File with the token to show, where nodes ask for one; the variable PACING_TOKEN holds a token itself.",
    ),
]
_OPTIONS = {"ca": _Ca, "certificate": _Certificate, "private_key": _PrivateKey, "token_file": _TokenFile}

_files: ContextVar[ClientFiles] = ContextVar("client_files", default=ClientFiles())  # noqa: B039 - it is frozen


def asks_a_node(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options ``--ca``, ``--certificate``, ``--private-key`` and ``--token-file``.

    :func:`ask` goes by them, and :func:`shown_files` says what was given.
    """
    signature = inspect.signature(command)
    hints = get_type_hints(command, include_extras=True)
    own = [each.replace(annotation=hints[each.name]) for each in signature.parameters.values()]
    keyword = inspect.Parameter.KEYWORD_ONLY
    more = [inspect.Parameter(name, keyword, default=None, annotation=kind) for name, kind in _OPTIONS.items()]

    @wraps(command)
    def asking(*args: Any, **given: Any) -> None:
        token = _files.set(ClientFiles(*(given.pop(name, None) for name in _OPTIONS)))
        try:
            command(*args, **given)
        finally:
            _files.reset(token)

    asking.__dict__.pop("__wrapped__", None)
    asking.__signature__ = signature.replace(parameters=[*own, *more])  # type: ignore[attr-defined]  # read by typer
    asking.__annotations__ = {**hints, **_OPTIONS}
    return asking


def shown_files() -> ClientFiles:
    """The files that were named on the command line of the running command."""
    return _files.get()


def ask(url: str, path: str) -> Any:
    """GET a JSON page of the first node that answers; ends the command with a clear line when there is no good answer.

    ``url`` are addresses separated by commas; empty for those of the user's file.
    """
    return _exchange(url, "GET", path)


def give_order(url: str, method: str, path: str, order: Mapping[str, object], *, based_on: int | None = None) -> Any:
    """Give an order to the API of the first node that answers; returns its answer, as :func:`ask`.

    ``based_on`` is the version of the options a change of them is based on.
    A node that took the order and lost its answer carries it out once, should it be asked again with its key.
    """
    return _exchange(url, method, path, json=dict(order), key=secrets.token_urlsafe(16), based_on=based_on)


async def lines_of_stream(url: str, path: str, last_event_id: str) -> AsyncGenerator[str, None]:
    """The lines of a stream of the first node that answers, as they come, until it ends; ends the command as ask."""
    options, places = _places(url)
    failures = []
    for place in places:
        try:
            async with aclosing(_stream(place + path, options, last_event_id)) as lines:
                async for line in lines:
                    yield line
        except ConfigurationError as error:
            raise fail(str(error), ExitCode.USAGE) from None
        except StreamRefusedError as refused:
            _body(place, path, refused.answer, options)
        except (UnreadableAnswerError, *REQUEST_FAILURES) as error:
            failures.append(f"no answer from {place}{path}: {_reason(error)}")
        else:
            return
    raise fail("; ".join(failures), ExitCode.UNREACHABLE)


async def _stream(address: str, options: ClientOptions, last_event_id: str) -> AsyncGenerator[str, None]:
    tls = _context(options) if address.startswith("https://") else None
    headers = _proof(address, options) | ({"Last-Event-ID": last_event_id} if last_event_id else {})
    async with HttpClient(ClientSettings(MOST_LINE_BYTES, REQUEST_SECONDS), tls=tls) as client:
        found = client.lines(address, most_bytes=MOST_LINE_BYTES, silent_seconds=SILENT_SECONDS, headers=headers)
        async with aclosing(found) as lines:
            async for line in lines:
                yield line


def _places(url: str) -> tuple[ClientOptions, list[str]]:
    """How to reach nodes, and where; ends the command when that cannot be used."""
    try:
        options = client_options(url, _files.get())
        return options, [full_url(each, secure=options.ca is not None) for each in options.url]
    except (ConfigurationError, ValueError) as error:
        raise fail(str(error), ExitCode.USAGE) from None


def _exchange(url: str, method: str, path: str, **more: Any) -> Any:
    options, places = _places(url)
    failures = []
    for place in places:
        try:
            response = _send(method, place + path, options, **more)
        except ConfigurationError as error:
            raise fail(str(error), ExitCode.USAGE) from None
        except (UnreadableAnswerError, *REQUEST_FAILURES) as error:
            failures.append(f"no answer from {place}{path}: {_reason(error)}")
        else:
            return _body(place, path, response, options)
    raise fail("; ".join(failures), ExitCode.UNREACHABLE)


def _send(
    method: str, address: str, options: ClientOptions, *, key: str = "", based_on: int | None = None, **parts: Any
) -> Answer:
    tls = _context(options) if address.startswith("https://") else None
    headers = _proof(address, options)
    headers |= {"Idempotency-Key": key} if key else {}
    headers |= {"If-Match": f'"{based_on}"'} if based_on is not None else {}
    parent = caller_trace() if key else ""
    headers |= {"traceparent": parent} if parent else {}
    return ask_once(method, address, ClientSettings(MOST_BYTES, REQUEST_SECONDS), tls=tls, headers=headers, **parts)


def _proof(address: str, options: ClientOptions) -> dict[str, str]:
    """The header that shows the token, where it may go."""
    token = token_of(options)
    return {"Authorization": f"Bearer {token}"} if token is not None and _can_show(address) else {}


def _can_show(address: str) -> bool:
    """Whether a token may go to an address: over HTTPS, or to this machine; others could read it on the way."""
    return address.startswith("https://") or is_local_host(url_parts(address).host)


@lru_cache(maxsize=1)
def _context(options: ClientOptions) -> ssl.SSLContext:
    """Made once for a command that asks again and again."""
    return context_of(options)


def _reason(error: Exception) -> str:
    """Why there was no answer, with what to do where certificates are the reason."""
    text = str(error) or type(error).__name__
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return f"{text}; name the authorities with --ca"
    if isinstance(error, BROKEN_PROTOCOL):
        return f"{text}; if the node speaks HTTPS, write https://"
    return text


def _token_hint(place: str, options: ClientOptions) -> str:
    """What to do about a node that wants another token, or any."""
    if token_of(options) is None:
        return "name a token with --token-file or PACING_TOKEN; an administrator makes one with pacing token create"
    if not _can_show(place):
        return f"the token was not sent to {place}, for others could read it on the way: write https://"
    return "the token that was sent is not good for this: pacing token list shows which there are, their roles and ends"


def _body(place: str, path: str, answer: Answer, options: ClientOptions) -> Any:
    try:
        check_json(answer.body, most_values=len(answer.body))
        body = json.loads(answer.body)
    except ValueError:
        message = f"{place}{path} answered {answer.status}, not JSON: is it a pacing node?"
        raise fail(message, ExitCode.FAILED) from None
    if answer.status != HTTPStatus.OK:
        code = ExitCode.NOT_FOUND if answer.status == HTTPStatus.NOT_FOUND else ExitCode.FAILED
        message = str(body.get("error") or body.get("detail") or body if isinstance(body, dict) else body)
        if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            message = f"{place}{path}: {message}; {_token_hint(place, options)}"
        raise fail(message, code)
    return body
