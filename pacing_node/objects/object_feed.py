"""Configuration objects from the messages of the configuration feed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pacing_node.objects.object_reader import ObjectReader
from pacing_node.runtime.gc_freeze import uncollected

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from contact_center.v1 import configuration_pb2 as feed
    from pacing_node.objects.object_model import ConfigurationObjects
    from pacing_node.options.yaml_documents import Value


@uncollected()
def objects_from_feed(message: feed.ConfigurationObjects, version: str, tenant: str = "") -> ConfigurationObjects:
    """Build the objects of a feed's message; a broken object is left out, with a finding."""
    reader = ObjectReader()
    reader.switches(("", 0, {"name": item.name, "type": item.type}) for item in message.switches)
    reader.virtual_queues(("", 0, _virtual_queue(item)) for item in message.virtual_queues)
    reader.agents(("", 0, _agent(item)) for item in message.agents)
    reader.agent_groups(("", 0, _agent_group(item)) for item in message.agent_groups)
    reader.capacity_rules(("", 0, _capacity_rule(item)) for item in message.capacity_rules)
    reader.transactions(
        ("", 0, {"name": item.name, "type": item.type, "annex": _annex(item.annex)}) for item in message.transactions
    )
    return reader.objects(version, tenant)


def _virtual_queue(item: feed.VirtualQueue) -> dict[str, Value]:
    return {
        "name": item.name,
        "number": item.number,
        "alias": item.alias,
        "switch": item.switch,
        "annex": _annex(item.annex),
        "enabled": _flag(item.enabled),
    }


def _agent(item: feed.Agent) -> dict[str, Value]:
    return {
        "user_name": item.user_name,
        "employee_id": item.employee_id,
        "skills": _numbers(item.skills),
        "capacity_rule": item.capacity_rule,
        "logins": list(item.logins),
        "enabled": _flag(item.enabled),
    }


def _agent_group(item: feed.AgentGroup) -> dict[str, Value]:
    return {
        "name": item.name,
        "agents": list(item.agents),
        "script": item.script,
        "origination_dns": list(item.origination_dns),
        "annex": _annex(item.annex),
        "enabled": _flag(item.enabled),
    }


def _capacity_rule(item: feed.CapacityRule) -> dict[str, Value]:
    return {"name": item.name, "media": _numbers(item.media), "exclusive": _flag(item.exclusive)}


def _annex(sections: Iterable[feed.Section]) -> dict[str, Value]:
    return {section.name: dict(section.options) for section in sections}


def _numbers(values: Mapping[str, int]) -> dict[str, Value]:
    return {name: str(value) for name, value in values.items()}


def _flag(value: bool) -> str:
    return "true" if value else "false"
