"""What README tells people to type works on README's own demonstration."""

from __future__ import annotations

import re
from pathlib import Path

from simulator.scenarios import load_scenario

ROOT = Path(__file__).parents[2]


def test_the_target_of_the_example_is_one_of_the_demonstration() -> None:
    named = re.findall(r'pacing explain "([^"]+)"', (ROOT / "README.md").read_text())
    targets = {f"{queue.name} - {queue.media}" for queue in load_scenario("demo").centre.queues}

    assert named
    assert set(named) <= targets
