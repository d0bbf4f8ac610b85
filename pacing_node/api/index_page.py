"""`/` of a node without the dashboard: a small page that says so and links what is there."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def index_page(pages: Mapping[str, str], missing: str) -> str:
    """The page as HTML; ``pages`` are paths with what each says, ``missing`` why there is no dashboard."""
    items = "\n".join(
        f'<li><a href="{escape(path)}">{escape(path)}</a>: {escape(meaning)}</li>' for path, meaning in pages.items()
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Agent pacing</title></head>\n'
        f"<body><h1>Agent pacing</h1>\n<p>A node of the service; {escape(missing)}. Its pages:</p>\n"
        f"<ul>\n{items}\n</ul>\n"
        "<p>The same for people: <code>pacing list</code>, <code>pacing targets</code>, "
        "<code>pacing explain TARGET</code>.</p></body></html>\n"
    )
