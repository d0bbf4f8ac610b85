"""Pictures of the laws for the documentation: ``python -m simulator.benchmark.plots``.

Curves are calculated here; the comparison of laws is drawn from the measured rows in ``docs/images/stationary.json``,
which ``pacing benchmark algorithms --output json`` wrote.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np

from pacing_node.algorithms.erlang import OfferedLoadTable
from pacing_node.algorithms.lookahead import Flow, LookaheadLevels
from pacing_node.algorithms.model import OptimizationTarget
from pacing_node.algorithms.super_progressive import OverInvitationTable
from simulator.benchmark.oracle import Setting, solve

mpl.use("svg")
import matplotlib.pyplot as plt

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
_MARKS = "os^Dv<>pP*XhH"


def _new(title: str, x: str, y: str) -> tuple[Figure, Axes]:
    figure, axes = plt.subplots(figsize=(7.0, 4.2), layout="constrained")
    axes.set(title=title, xlabel=x, ylabel=y)
    axes.grid(alpha=0.3)
    return figure, axes


def _save(figure: Figure, name: str) -> None:
    figure.savefig(IMAGES / f"{name}.svg", metadata={"Date": None})
    plt.close(figure)


def super_progressive() -> None:
    """K by ready agents, for three acceptance ratios."""
    figure, axes = _new("SUPER_PROGRESSIVE, goal 3 %", "ready agents a", "invitations out at once K(a)")
    agents = np.arange(1.0, 31.0)
    for ratio in (0.1, 0.3, 0.6):
        limit = OverInvitationTable().limit(agents, np.full(30, ratio), np.full(30, 0.03))
        axes.step(agents, limit, where="mid", label=f"p = {ratio:g}")
        axes.plot(agents, agents / ratio, ":", color="grey", linewidth=0.8)
    axes.legend(title="dotted: a / p")
    _save(figure, "super-progressive")


def predictive_b() -> None:
    """Load per agent by the size of the group, for both optimization targets."""
    figure, axes = _new("PREDICTIVE_B", "agents n", "offered load per agent a*/n")
    agents = np.arange(1.0, 301.0)
    for goal, target, label in (
        (0.03, OptimizationTarget.ABANDONMENT_RATE, "abandonment 3 %"),
        (0.05, OptimizationTarget.ABANDONMENT_RATE, "abandonment 5 %"),
        (0.75, OptimizationTarget.BUSY_FACTOR, "busy factor 75 %"),
    ):
        load = OfferedLoadTable().load(agents, np.full(300, goal), target)
        axes.plot(agents, load / agents, label=label)
    axes.set_xscale("log")
    axes.set_ylim(0.0, 1.6)
    axes.legend()
    _save(figure, "predictive-b")


def lookahead() -> None:
    """Level by ready agents against the exact optimum's curve."""
    figure, axes = _new("LOOKAHEAD and the optimum, p = 0.3, goal 3 %", "ready agents of n", "open invitations M")
    for agents, colour in ((10, "tab:blue"), (30, "tab:orange")):
        ready = np.arange(0.0, agents + 1.0)
        size = len(ready)
        flow = Flow(
            ready, agents - ready, np.zeros(size), np.full(size, 0.3), np.full(size, 300.0), np.full(size, 15.0)
        )
        level = LookaheadLevels().level(flow, np.full(size, 1.4))
        axes.plot(ready, level, "-", color=colour, label=f"LOOKAHEAD, n = {agents}, z = 1.4")
        best = solve(Setting(agents))
        curve = [best.levels[agents - int(free) - best.first] for free in ready]
        axes.plot(ready, curve, "x", color=colour, label=f"optimum, n = {agents}")
    axes.legend()
    _save(figure, "lookahead")


def comparison() -> None:
    """Busy factor against abandonment of every law, one panel per number of agents."""
    rows: list[dict[str, Any]] = json.loads((IMAGES / "stationary.json").read_text())
    sizes = [n for n in (3, 10, 30, 100) if any(row["agents"] == n for row in rows)]
    laws = list(dict.fromkeys(row["law"] for row in rows))
    figure, panels = plt.subplots(2, 2, figsize=(10.0, 8.0), layout="constrained")
    for axes, size in zip(panels.flat, sizes, strict=False):
        for mark, law in zip(_MARKS, laws, strict=False):
            points = [row for row in rows if row["agents"] == size and row["law"] == law]
            axes.plot(
                [row["abandonment_percent"] for row in points], [row["busy_percent"] for row in points], mark, label=law
            )
        frontier = [solve(Setting(size, goal=goal)) for goal in _goals(size)]
        axes.plot([o.abandonment_percent for o in frontier], [o.busy_percent for o in frontier], "k-", label="optimum")
        axes.axvline(3.0, color="red", linestyle=":", linewidth=1.0)
        axes.set(title=f"{size} agents", xlabel="abandonment %", ylabel="busy %", xlim=(-0.3, 9.0))
        axes.grid(alpha=0.3)
    panels.flat[0].legend(fontsize="small")
    _save(figure, "busy-against-abandonment")


def _goals(size: int) -> tuple[float, ...]:
    """Goals whose optimum is drawn: fewer where one takes a minute, none where it takes ten."""
    if size >= 100:
        return ()
    return (0.005, 0.01, 0.02, 0.03, 0.05, 0.08) if size < 30 else (0.01, 0.03, 0.06)


def main() -> None:
    """Draw every picture."""
    mpl.rcParams["svg.hashsalt"] = "pacing"
    IMAGES.mkdir(parents=True, exist_ok=True)
    super_progressive()
    predictive_b()
    lookahead()
    if (IMAGES / "stationary.json").is_file():
        comparison()


if __name__ == "__main__":
    main()
