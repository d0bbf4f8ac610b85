"""Tables of the words an operator meets: reasons, causes, states, results. Made from the enumerations themselves.

What a member means is the text under it, as far as `` Look at: ``; what follows is what to look at or to do.
"""

from __future__ import annotations

from pacing_node.reference.markdown import table
from pacing_node.runtime.documented_words import meanings

WORDS = {
    "reasons": ("pacing_node.algorithms.model", "Reason", "Reason"),
    "silence": ("pacing_node.monitoring.silence", "SilenceReason", "Reason"),
    "causes": ("cluster.mastership", "EndCause", "Cause"),
    "results": ("pacing_node.engagement.platform", "PushStatus", "Result"),
    "states": ("cluster.election.events", "State", "State"),
    "sessions": ("cluster.mastership", "ZooKeeperState", "State"),
}
"""Every table: module and name of the enumeration, head of its first column."""


def tables() -> dict[str, str]:
    """Every generated table by name, in Markdown. Raises UndocumentedError."""
    return {name: _word_table(*place) for name, place in WORDS.items()}


def _word_table(module: str, name: str, head: str) -> str:
    found = meanings(module, name)
    rows = [(f"`{value}`", meaning, look[:1].upper() + look[1:] or "–") for value, (meaning, look) in found.items()]
    return table((head, "Meaning", "What to look at"), rows)
