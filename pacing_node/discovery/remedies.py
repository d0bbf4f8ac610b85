"""What every finding means for pacing, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Remedy:
    """Explanation of one kind of finding."""

    severity: str
    meaning: str
    remedy: str


REMEDIES: dict[str, Remedy] = {
    "broken_object": Remedy(
        "error",
        "An object has a field that cannot be used. It is left out.",
        "Correct the field the message names.",
    ),
    "broken_entry": Remedy(
        "error",
        "An entry of a list, a skill or an option of an object has text that cannot be used. The entry is left out.",
        "Correct the entry the message names.",
    ),
    "invisible_characters": Remedy(
        "warning",
        "A name has characters that nobody sees, such as zero-width or right-to-left marks. It is used as it is.",
        "Remove them, unless the contact centre writes the name with them everywhere.",
    ),
    "duplicate_object": Remedy(
        "error",
        "A second object of the same kind and name. The first is used.",
        "Remove or rename one of them.",
    ),
    "unknown_key": Remedy(
        "warning",
        "An object has a field nobody reads. The object is used without it.",
        "Correct the spelling, or remove the field.",
    ),
    "file_not_read": Remedy(
        "warning",
        "A hidden file or a backup lies in the directory of the objects. It is not read.",
        "Remove it, or give it another name if its objects belong to the configuration.",
    ),
    "queue_without_media": Remedy(
        "error",
        "The queue has a section `pacing` without a medium. It is not monitored.",
        "Set `pacing/media` to one media type, or remove the section.",
    ),
    "queue_with_media_list": Remedy(
        "error",
        "The queue names several media. It is not monitored.",
        "Set `pacing/media` to one media type; use one queue per medium.",
    ),
    "queue_without_groups": Remedy(
        "error",
        "No enabled agent group lists the queue. There is no target for it.",
        "Add the queue to the origination DNs of the groups that serve it.",
    ),
    "duplicate_target": Remedy(
        "error",
        "Two queues of the same name and medium. The first makes the target, the second is left out.",
        "Give the queues different names.",
    ),
    "targets_look_alike": Remedy(
        "warning",
        "Targets whose names people take for the same. Each is paced and held by its own name.",
        "Give the queues names that nobody mistakes, or remove the queue that is a slip.",
    ),
    "broken_expression": Remedy(
        "error",
        "The script of a virtual group does not fit the grammar. The group is left out.",
        "Correct the script at the column the message names.",
    ),
    "goal_out_of_range": Remedy(
        "warning",
        "The object's goal is no percentage and is ignored.",
        "Set `pacing/optimizationGoal` to a number from 0 to 100.",
    ),
    "alias_differs_from_number": Remedy(
        "warning",
        "The statistic of abandoned interactions stays 0, so pacing cannot see abandonment and may invite too many.",
        "Set the queue's alias to its number.",
    ),
    "input_implausible": Remedy(
        "warning",
        "A value of the newest cycle cannot be. The previous one counts for one period; what the next one confirms is "
        "believed.",
        "Look at the statistics and the platform's replies at that time when it comes again and again.",
    ),
    "unknown_switch": Remedy(
        "warning",
        "The queue's switch is not among the objects. Statistics of the queue are asked for under that name.",
        "Correct the switch of the queue, or add the switch.",
    ),
    "unknown_queue": Remedy(
        "warning",
        "An origination DN of a group means no queue. The group serves its other queues.",
        "Correct the origination DN: `number@switch`, number or name.",
    ),
    "unknown_agent": Remedy(
        "warning",
        "A group lists agents who do not exist. Its other members count.",
        "Remove them from the group, or add the agents.",
    ),
    "unknown_skill": Remedy(
        "warning",
        "The script of a virtual group names a skill that no agent has. Such a condition holds for all or for nobody.",
        "Correct the name of the skill, or give it to the agents.",
    ),
    "unknown_login": Remedy(
        "warning",
        "The script of a virtual group asks for a login that no agent has. Such a condition holds for nobody.",
        "Correct the queue (`number@switch`) or the switch, or list the agents' logins; those are not read from the "
        "platform configuration interface.",
    ),
    "group_without_agents": Remedy(
        "warning",
        "A group that serves a monitored queue has no enabled agent. It adds nothing to the target.",
        "Add agents, or correct the script of a virtual group.",
    ),
    "agents_without_capacity": Remedy(
        "warning",
        "Agents of a target can take no interaction of its medium and count for nothing there. Without a capacity rule "
        "an agent may have one voice interaction and nothing else.",
        "Give the agents a capacity rule that allows the medium.",
    ),
    "unknown_capacity_rule": Remedy(
        "warning",
        "An agent names a capacity rule that does not exist. The built-in rule is used: one voice interaction.",
        "Correct the name, or add the rule.",
    ),
    "agents_in_several_groups": Remedy(
        "warning",
        "Agents serve several monitored groups. Each counts once, but the targets compete for them.",
        "Nothing, if it is meant so: blended groups are. Otherwise keep each agent in one monitored group.",
    ),
    "goal_far_from_advised": Remedy(
        "warning",
        "The goal of the service is far from what is advised for its optimization target.",
        "Check that `optimizationTarget` and `optimizationGoal` belong together.",
    ),
    "option_not_used": Remedy(
        "warning",
        "An option is set that the chosen algorithm does not use.",
        "Remove it, or choose the algorithm it belongs to.",
    ),
}
"""Every code a finding may have."""
