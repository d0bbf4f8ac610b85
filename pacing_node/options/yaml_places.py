"""Places in the text of a YAML document, for changes that leave every other character as it is. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import yaml


@dataclass(frozen=True, slots=True)
class Splice:
    """Text to put in place of the characters from ``start`` to ``end``."""

    start: int
    end: int
    text: str

    def put_into(self, text: str) -> str:
        """The text with the change."""
        return text[: self.start] + self.text + text[self.end :]


def end_of(text: str, node: yaml.Node) -> int:
    """Where the last character of a node ends; block nodes claim the space and comments behind them too."""
    if isinstance(node, yaml.ScalarNode):
        end = int(node.end_mark.index)
        return end if node.style not in {"|", ">"} else len(text[:end].rstrip())
    if not isinstance(node, yaml.CollectionNode) or node.flow_style or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return end_of(text, last[1] if isinstance(last, tuple) else last)


def line_end(text: str, at: int) -> int:
    """Behind the line break of the line ``at`` is in, so that a comment at its end stays there."""
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1


def line_break(text: str, at: int) -> str:
    """The line break that is missing before ``at``, where what is put there begins a line."""
    return "" if at == 0 or text[at - 1] == "\n" else "\n"
