"""How current the numbers of a page are, as JSON: the same object `cycle` on every page that shows any."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pacing_node.monitoring.silence import CycleState


def cycle_json(state: CycleState) -> dict[str, Any]:
    """Age, newest accepted push, and silence with its reason. Moments in Unix seconds."""
    return {
        "as_of": state.as_of,
        "age_seconds": None if state.age_seconds is None else round(state.age_seconds, 3),
        "accepted_at": state.accepted_at,
        "silent_since": state.silent_since,
        "reason": state.reason.value if state.reason is not None else None,
        "text": state.text,
    }
