"""Check the report that `make demo DURATION=… KILL_MASTER_AT=… REPORT=…` has written.

Usage: python scripts/check_demo_report.py REPORT [--nodes 3] [--session-timeout 4.0] [--tick 0.5] [--slack 0.5]

Needs the standard library only. Prints one line per demand and exits with status 1 when one is not met.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

KEYS = {
    "nodes",
    "targets",
    "cycles",
    "pushes_accepted",
    "pushes_refused",
    "accepted_out_of_order",
    "busy_ratio",
    "abandonment_percent",
    "handovers",
}
OPTIONAL_KEYS = {"after_first_minute"}
"""Only in the report of a run of more than a minute."""
HANDOVER_KEYS = {"cause", "from", "to", "epoch", "gap_seconds"}


def demands(report: dict[str, Any], nodes: int, longest_gap_seconds: float) -> list[tuple[str, bool]]:
    """What the report must show, each with whether it does."""
    handovers = report.get("handovers", [])
    gaps = [handover.get("gap_seconds") for handover in handovers]
    in_time = [gap is not None and 0 < gap <= longest_gap_seconds for gap in gaps]
    return [
        (f"its keys are {sorted(KEYS)}", set(report) - OPTIONAL_KEYS == KEYS),
        (f"every hand-over has {sorted(HANDOVER_KEYS)}", all(set(each) == HANDOVER_KEYS for each in handovers)),
        (f"{nodes} nodes at the end (found {report.get('nodes')})", report.get("nodes") == nodes),
        (f"at least one target (found {report.get('targets')})", report.get("targets", 0) >= 1),
        (f"cycles ran (found {report.get('cycles')})", report.get("cycles", 0) >= 1),
        (f"at least one hand-over (found {len(handovers)})", len(handovers) >= 1),
        (
            f"nothing accepted out of order (found {report.get('accepted_out_of_order')})",
            report.get("accepted_out_of_order") == 0,
        ),
        ("pushes accepted after every hand-over", bool(gaps) and all(gap is not None for gap in gaps)),
        (f"every gap at most {longest_gap_seconds} s (found {gaps})", bool(gaps) and all(in_time)),
    ]


def main(arguments: list[str] | None = None) -> int:
    """Check one report; exit status 1 when a demand is not met, 2 when there is no readable report."""
    parser = argparse.ArgumentParser(description="Check the report of the demonstration.")
    parser.add_argument("report", type=Path)
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--session-timeout", type=float, default=4.0, help="of the demonstration's nodes, in seconds")
    parser.add_argument("--tick", type=float, default=0.5, help="tickTime of its ZooKeeper, in seconds")
    parser.add_argument("--slack", type=float, default=0.5, help="added to both, in seconds")
    options = parser.parse_args(arguments)
    try:
        report = json.loads(options.report.read_text())
    except (OSError, ValueError) as error:
        print(f"{options.report}: {error}", file=sys.stderr)
        return 2
    longest_gap_seconds = options.session_timeout + options.tick + options.slack
    results = demands(report, options.nodes, longest_gap_seconds)
    for demand, met in results:
        print(f"{'ok  ' if met else 'FAIL'} {demand}")
    return 0 if all(met for _, met in results) else 1


if __name__ == "__main__":
    sys.exit(main())
