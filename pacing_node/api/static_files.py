"""The dashboard's files: read once, kept as they are and compressed, sent with headers that let a browser run nothing
else.

They hold no secret and are open to everybody, also where the pages need a role: what they show is asked for by the
reader's own browser, with the reader's own rights.
"""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from pacing_node.api.answers import problem, takes_gzip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from starlette.requests import Request

BUILT = Path(__file__).parent / "static"
"""Where `make setup` builds them."""
NOT_BUILT = "the dashboard is not built into this node: make setup builds it, where npm can install its packages"
OPEN_PREFIX = "/dashboard/"
"""Begins the paths of the files."""

_FOREVER = "public, max-age=31536000, immutable"
"""For files whose name carries a digest of what is in them."""
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file."""

    content: bytes
    compressed: bytes | None
    media_type: str
    etag: str
    cache_control: str


def read_files(directory: Path = BUILT) -> dict[str, StaticFile]:
    """The built files by their path below the directory; empty when nothing was built."""
    if not (directory / "index.html").is_file():
        return {}
    files = (file for file in sorted(directory.rglob("*")) if file.is_file())
    shown = (file for file in files if file.suffix != ".gz" and not file.name.startswith("."))
    return {file.relative_to(directory).as_posix(): _read(file, directory) for file in shown}


def _read(file: Path, directory: Path) -> StaticFile:
    content = file.read_bytes()
    packed = file.with_name(f"{file.name}.gz")
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return StaticFile(
        content=content,
        compressed=packed.read_bytes() if packed.is_file() else None,
        media_type=f"{kind}; charset=utf-8" if kind.startswith("text/") else kind,
        etag=f'"{hashlib.sha256(content).hexdigest()[:32]}"',
        cache_control=_FOREVER if file.parent != directory else "no-store",
    )


def content_security_policy(members: Iterable[str]) -> str:
    """The policy of the page: its own files and its own node, nothing inline.

    ``members`` are host and port of the nodes the page may ask whether they answer, when its own does not any more.
    """
    others = " ".join(sorted({f"{scheme}://{each}" for each in members if _is_host(each) for scheme in _SCHEMES}))
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        f"connect-src 'self'{' ' if others else ''}{others}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    )


_SCHEMES = ("http", "https")


def _is_host(address: str) -> bool:
    """Whether an address another member wrote is a host and port, and cannot be read as more of the policy."""
    return bool(address) and all(each.isalnum() or each in ".-:[]_" for each in address)


class DashboardFiles:
    """The routes of the files."""

    def __init__(self, files: Mapping[str, StaticFile], members: Callable[[], Iterable[str]], index: str) -> None:
        """``members``: see :func:`content_security_policy`. ``index``: the page at `/` of a node without the files."""
        self._files = files
        self._members = members
        self._index = index

    def routes(self) -> list[Route]:
        """`/` leads to the dashboard, or says that it is not there."""
        return [
            Route("/", self.root),
            Route("/dashboard", self.root),
            Route("/dashboard/{path:path}", self.file),
        ]

    async def root(self, request: Request) -> Response:
        """Lead to the dashboard. The address is relative, for a proxy may put a path before it."""
        if self._files:
            return RedirectResponse("dashboard/", status_code=307, headers={"Cache-Control": "no-store"})
        if request.url.path != "/":
            return problem(404, NOT_BUILT)
        policy = "default-src 'none'; frame-ancestors 'none'"
        return HTMLResponse(self._index, headers={"Cache-Control": "no-store", "Content-Security-Policy": policy})

    async def file(self, request: Request) -> Response:
        """One file; compressed for a browser that takes it so."""
        path = request.path_params["path"] or "index.html"
        found = self._files.get(path)
        if found is None:
            return problem(404, f"the dashboard has no file {path}" if self._files else NOT_BUILT)
        headers = {**_HEADERS, "Cache-Control": found.cache_control, "ETag": found.etag, "Vary": "Accept-Encoding"}
        if path == "index.html":
            headers["Content-Security-Policy"] = content_security_policy(self._members())
        if request.headers.get("if-none-match") == found.etag:
            return Response(status_code=304, headers=headers)
        content = found.content
        if found.compressed is not None and takes_gzip(request.headers):
            content, headers["Content-Encoding"] = found.compressed, "gzip"
        return Response(content, media_type=found.media_type, headers=headers)
