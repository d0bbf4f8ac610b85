"""Targets and agents that come and go while a cluster runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.harness.proxy_wiring import ProxyWiring

MEDIA = "chat"
_AT_ONCE = 3
"""Passing targets that there are at any time."""


class Churn:
    """Changes the objects of all nodes.

    With each step one passing target, with a group and an agent of its own, takes the place of another, the agent
    joins a group that stays, and one of the targets that stay is left out until the next step. No passing name comes
    twice: whatever a node keeps by name shows as growth.
    """

    def __init__(self, wiring: ProxyWiring) -> None:
        self._wiring = wiring
        self.steps = 0

    @property
    def newest(self) -> str:
        """Name of the virtual queue that came last."""
        return _name(self.steps + _AT_ONCE - 1)

    def step(self) -> None:
        """Change the objects once more."""
        self.steps += 1
        self._wiring.change_objects(self._change)

    def _change(self, objects: dict[str, Any]) -> None:
        staying, groups = objects["virtual_queues"], objects["agent_groups"]
        switch = next(queue["switch"] for queue in staying if queue["annex"]["pacing"]["media"] == MEDIA)
        host = next(group for group in groups if group.get("agents"))
        left_out = staying[self.steps % len(staying)]
        staying.remove(left_out)
        for group in groups:
            group["origination_dns"] = [
                each for each in group["origination_dns"] if each.partition("@")[0] != left_out["number"]
            ]
        for number in range(self.steps, self.steps + _AT_ONCE):
            agent = f"passing-{number}"
            staying.append(_queue(number, switch))
            objects["agents"].append({"user_name": agent, "employee_id": f"P{number}", "skills": {}})
            dns = [f"{_dn(number)}@{switch}"]
            groups.append({"name": f"Passing Desk {number}", "origination_dns": dns, "agents": [agent]})
            host["agents"].append(agent)


def _name(number: int) -> str:
    return f"Passing Chat {number}"


def _dn(number: int) -> str:
    return f"VQ_Passing_{number}"


def _queue(number: int, switch: str) -> dict[str, Any]:
    name = {"name": _name(number), "number": _dn(number), "alias": _dn(number)}
    return {**name, "switch": switch, "annex": {"pacing": {"media": MEDIA, "optimizationGoal": "3"}}}
