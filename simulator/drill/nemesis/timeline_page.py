"""A history as a page to look at: one row for each node and each kind of trouble, all on one axis of time. Pure."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.drill.nemesis.checker import Findings
    from simulator.drill.nemesis.nemesis_history import History

_PIXELS_PER_SECOND = 24.0
_ROW_PIXELS = 22
_LABEL_PIXELS = 150
_AXIS_EVERY_SECONDS = 5

_STYLE = """
body { font: 14px/1.5 system-ui, sans-serif; margin: 2rem; color: #1a1a1a }
svg text { font-size: 11px; fill: #444 }
svg { background: #fafafa; border: 1px solid #ddd }
.scroll { overflow-x: auto }
.accepted { fill: #2e7d32 } .refused { fill: #c62828 } .replayed { fill: #9e9e9e }
.fault { fill: #ef6c00; opacity: .55 } .calm { fill: #e3f2fd } .gap { fill: #c62828; opacity: .12 }
.bad { color: #c62828 } table { border-collapse: collapse } td, th { padding: .1rem .8rem; text-align: left }
"""


class _Sheet:
    """Draws on one axis of time."""

    def __init__(self, zero: float, end: float, rows: list[str]) -> None:
        self._zero = zero
        self._rows = {row: index for index, row in enumerate(rows)}
        self._width = _LABEL_PIXELS + (end - zero) * _PIXELS_PER_SECOND + 40
        self._height = (len(rows) + 2) * _ROW_PIXELS
        self._shapes: list[str] = []
        for row in rows:
            self._shapes.append(f'<text x="6" y="{self._y(row) + 14:.0f}">{escape(row)}</text>')
        for second in range(0, int(end - zero) + 1, _AXIS_EVERY_SECONDS):
            x = self._x(zero + second)
            self._shapes.append(f'<text x="{x:.0f}" y="14">{second} s</text>')
            self._shapes.append(f'<line x1="{x:.0f}" x2="{x:.0f}" y1="18" y2="{self._height}" stroke="#e0e0e0"/>')

    def bar(self, row: str | None, began: float, ended: float, kind: str, title: str) -> None:
        """A stretch of time in one row, or over all of them."""
        y, height = (20.0, self._height - 20.0) if row is None else (self._y(row) + 3, _ROW_PIXELS - 6.0)
        width = max(2.0, (ended - began) * _PIXELS_PER_SECOND)
        place = f'x="{self._x(began):.1f}" y="{y:.0f}" width="{width:.1f}" height="{height:.0f}"'
        self._shapes.append(f'<rect class="{kind}" {place}><title>{escape(title)}</title></rect>')

    def svg(self) -> str:
        """The drawing."""
        size = f'width="{self._width:.0f}" height="{self._height}"'
        return f'<div class="scroll"><svg {size} role="img">{"".join(self._shapes)}</svg></div>'

    def _x(self, at: float) -> float:
        return _LABEL_PIXELS + (at - self._zero) * _PIXELS_PER_SECOND

    def _y(self, row: str) -> float:
        return (self._rows[row] + 1) * _ROW_PIXELS


def draw(history: History, findings: Findings) -> str:
    """The page as HTML, complete in itself."""
    marks = [push.received_at for push in history.pushes] + [fault.ended_at for fault in history.faults]
    marks += [storm.began_at for storm in history.storms] or [0.0]
    zero, end = min(marks), max(marks)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Nemesis</title>'
        f"<style>{_STYLE}</style></head><body><h1>Nemesis, seed {history.seed}</h1><p>{escape(findings.summary())}</p>"
        f"{_violations(findings)}{_drawing(history, findings, zero, end)}{_gap_table(findings, zero)}</body></html>\n"
    )


def _drawing(history: History, findings: Findings, zero: float, end: float) -> str:
    nodes = sorted({name for names in history.senders.values() for name in names} | _targets(history, False))
    troubled = sorted({f"{fault.target} {fault.kind}" for fault in history.faults})
    sheet = _Sheet(zero, end, [*(f"pushes of {name}" for name in nodes), "pushes of nobody known", *troubled])
    for storm in history.storms:
        sheet.bar(None, storm.healed_at, storm.calm_until, "calm", "no trouble")
    for gap in findings.gaps:
        sheet.bar(None, gap.began_at, gap.ended_at, "gap", f"{gap.seconds:.1f} s without an accepted push")
    for fault in history.faults:
        title = f"{fault.kind} {fault.target}, {fault.ended_at - fault.began_at:.1f} s"
        sheet.bar(f"{fault.target} {fault.kind}", fault.began_at, fault.ended_at, "fault", title)
    for push in history.pushes:
        names = history.senders.get(push.epoch)
        kind = "replayed" if push.replayed else "accepted" if push.accepted else "refused"
        title = f"epoch {push.epoch}, push {push.sequence}: {kind} {push.reason}"
        row = f"pushes of {names[0]}" if names else "pushes of nobody known"
        sheet.bar(row, push.received_at, push.received_at, kind, title)
    return sheet.svg()


def _targets(history: History, on_member: bool) -> set[str]:
    return {fault.target for fault in history.faults if fault.on_member == on_member}


def _violations(findings: Findings) -> str:
    if not findings.violations:
        return "<p>Everything held.</p>"
    return '<ul class="bad">' + "".join(f"<li>{escape(each)}</li>" for each in findings.violations) + "</ul>"


def _gap_table(findings: Findings, zero: float) -> str:
    rows = "".join(
        f"<tr><td>{gap.began_at - zero:.1f} s</td><td>{gap.seconds:.1f} s</td><td>{escape(str(gap.node))}</td>"
        f"<td>{escape(f'{gap.explanation.kind} {gap.explanation.target}' if gap.explanation else 'none')}</td></tr>"
        for gap in findings.gaps
    )
    head = "<tr><th>begins at</th><th>length</th><th>after a push of</th><th>explained by</th></tr>"
    return f"<h2>Long times without an accepted push</h2><table>{head}{rows}</table>"
