"""A scenario as the contact centre's configuration objects, in the form of the configuration YAML."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simulator.model.centre import Roster

if TYPE_CHECKING:
    from simulator.model.spec import CapacityRule, Centre, Group, Queue, Staff

TENANT = "Environment"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Where and as whom a node reaches the engagement platform."""

    base_auth_url: str
    base_service_url: str
    client_id: str
    password: str = field(repr=False)


def configuration_objects(centre: Centre, credentials: Credentials) -> dict[str, Any]:
    """All objects a pacing service reads: switches, queues, agents, rules, groups and the platform's credentials."""
    employee_ids = _employee_ids(centre)
    return {
        "tenant": TENANT,
        "switches": [{"name": switch.name, "type": switch.type} for switch in centre.switches],
        "virtual_queues": [_queue(queue) for queue in centre.queues],
        "agents": [agent for staff in centre.staff for agent in _agents(staff, employee_ids)],
        "capacity_rules": [_rule(rule) for rule in centre.capacity_rules],
        "agent_groups": _groups(centre),
        "transactions": [_credentials(credentials)],
    }


def _employee_ids(centre: Centre) -> dict[str, str]:
    names = (name for staff in centre.staff for name in staff.user_names)
    return {name: str(number) for number, name in enumerate(names, start=1001)}


def _queue(queue: Queue) -> dict[str, Any]:
    pacing: dict[str, Any] = {"media": queue.media}
    if queue.goal is not None:
        pacing["optimizationGoal"] = f"{queue.goal:g}"
    return {
        "name": queue.name,
        "number": queue.number,
        "alias": queue.number,
        "switch": queue.switch,
        "annex": {"pacing": pacing},
    }


def _agents(staff: Staff, employee_ids: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "user_name": name,
            "employee_id": employee_ids[name],
            "skills": dict(staff.skills),
            "capacity_rule": staff.capacity_rule,
        }
        for name in staff.user_names
    ]


def _rule(rule: CapacityRule) -> dict[str, Any]:
    return {"name": rule.name, "media": dict(rule.media), "exclusive": rule.exclusive}


def _groups(centre: Centre) -> list[dict[str, Any]]:
    queue_ids = {queue.number: queue.object_id for queue in centre.queues}
    roster = Roster(centre)
    return [_group(group, queue_ids, roster) for group in centre.groups]


def _group(group: Group, queue_ids: dict[str, str], roster: Roster) -> dict[str, Any]:
    common = {"name": group.name, "origination_dns": [queue_ids[number] for number in group.queues]}
    if group.virtual is not None:
        return common | {"script": group.virtual.script}
    return common | {"agents": list(roster.members(group))}


def _credentials(credentials: Credentials) -> dict[str, Any]:
    return {
        "name": "hybrid_integration",
        "type": "list",
        "annex": {
            "general": {
                "base_auth_url": credentials.base_auth_url,
                "base_service_url": credentials.base_service_url,
            },
            "ewt": {"client_id": credentials.client_id, "password": credentials.password},
        },
    }
