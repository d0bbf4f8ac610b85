"""How the demonstration shows what happens: a live picture on a terminal, plain lines anywhere else."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Protocol

from rich.live import Live

from simulator.demo.terminal_view import Scene, draw, figures, lease, silence
from terminal.characters import visible

if TYPE_CHECKING:
    from rich.console import Console

_EVENTS_KEPT = 20


class Narrator(Protocol):
    """Tells events as they happen, and the scene again and again once all is up."""

    def say(self, event: str) -> None:
        """Tell one event."""
        ...

    def show(self, scene: Scene) -> None:
        """Show the state of the demonstration."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was; events can still be printed."""
        ...


class LineNarrator:
    """Plain lines with the seconds since the start, one on the state every few seconds."""

    def __init__(self, console: Console, status_every_seconds: float = 5.0) -> None:
        self._console = console
        self._every = status_every_seconds
        self._started = time.monotonic()
        self._next_status = 0.0

    def say(self, event: str) -> None:
        """Tell one event."""
        self._print(event)

    def show(self, scene: Scene) -> None:
        """Show the state, unless that was done a moment ago."""
        if time.monotonic() >= self._next_status:
            self._next_status = time.monotonic() + self._every
            self._print(status_line(scene))

    def close(self) -> None:
        """Nothing to leave behind."""

    def _print(self, text: str) -> None:
        seconds = time.monotonic() - self._started
        self._console.print(f"[{seconds:6.1f} s] {visible(text)}", markup=False, highlight=False, soft_wrap=True)


class LiveNarrator:
    """The picture, redrawn in place; events before and after it are plain lines."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lines = LineNarrator(console)
        self._events: deque[str] = deque(maxlen=_EVENTS_KEPT)
        self._live: Live | None = None

    def say(self, event: str) -> None:
        """Tell one event: its first line below the picture while that is there, all of it otherwise."""
        if self._live is None:
            self._lines.say(event)
        else:
            self._events.append(f"{time.strftime('%H:%M:%S')} {event.partition(chr(10))[0]}")

    def show(self, scene: Scene) -> None:
        """Redraw the picture."""
        if self._live is None:
            self._live = Live(console=self._console, auto_refresh=False, vertical_overflow="crop")
            self._live.start()
        scene.events = tuple(self._events)
        self._live.update(draw(scene, self._console.width), refresh=True)

    def close(self) -> None:
        """Leave the last picture on the terminal."""
        if self._live is not None:
            self._live.stop()
            self._live = None


def status_line(scene: Scene) -> str:
    """State of the demonstration in one line."""
    seen = scene.seen
    master = next((member for member in seen.members if member.get("name") == seen.master), None)
    term = f" (epoch {master['epoch']}, lease {lease(master)})" if master else ""
    targets = seen.targets.get("targets", ())
    invitations = sum(float(target.get("invitations") or 0.0) for target in targets)
    busy, abandonment = figures(seen.centre)
    return (
        f"{scene.elapsed_seconds:.0f} s: master {seen.master or 'none'}{term}, {seen.reachable} of "
        f"{len(seen.members)} members answer, {invitations:.0f} invitations for {len(targets)} targets, "
        f"busy {busy}, abandoned {abandonment}, pushes accepted {scene.accepted}, refused {scene.refused}, "
        f"out of order {scene.out_of_order}{silence(seen)}"
    )
