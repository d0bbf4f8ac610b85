"""From options to how each kind of server is asked for a statistic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pacing_node.statistics.api_values import ApiDefinitions
from pacing_node.statistics.columns import StatisticNames
from pacing_node.statistics.gms_values import GmsDefinitions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pacing_node.options.statistic_options import StatisticDefinition, StatisticsOptions
    from pacing_node.statistics.api_values import Definition

_NAMES = StatisticNames()
_SUBJECTS = {
    "current": (_NAMES.current, _NAMES.proactive_filter),
    "accepted": (_NAMES.accepted, _NAMES.proactive_filter),
    "abandoned": (_NAMES.abandoned, _NAMES.proactive_filter),
    "entered": (_NAMES.entered, _NAMES.proactive_filter),
    "current_all": (_NAMES.current, ""),
    "entered_all": (_NAMES.entered, ""),
    "handle_time": (_NAMES.handle_time or "", ""),
}
"""What the service calls a queue's statistics, (statistic, filter), by the option that says how a server knows them."""


def statistic_names(options: StatisticsOptions) -> StatisticNames:
    """Names a bridge is asked by."""
    handle_time = options.handle_time
    return StatisticNames(
        current=_name(options.current, _NAMES.current),
        accepted=_name(options.accepted, _NAMES.accepted),
        abandoned=_name(options.abandoned, _NAMES.abandoned),
        entered=_name(options.entered, _NAMES.entered),
        handle_time=_name(handle_time, str(_NAMES.handle_time)) if handle_time is None or handle_time.asked else None,
        agent_state=_name(options.agent_state, _NAMES.agent_state),
        proactive_filter=options.filter,
    )


def names_asked_for(options: StatisticsOptions) -> StatisticNames:
    """Names inside the service, for the kinds that are asked by definitions."""
    skipped = options.handle_time is not None and not options.handle_time.asked
    return StatisticNames(handle_time=None) if skipped else _NAMES


def api_definitions(options: StatisticsOptions) -> ApiDefinitions:
    """How a server of the Statistics API is asked for each statistic."""
    queue = dict(ApiDefinitions().queue)
    for subject, item, only in _queue_statistics(options):
        queue.pop(subject, None)
        if item.asked:
            queue[subject] = _api(item, only)
    state = ApiDefinitions().agent_state if options.agent_state is None else _api(options.agent_state, "")
    return ApiDefinitions(queue, state, options.queue_type, options.agent_type)


def gms_definitions(options: StatisticsOptions) -> GmsDefinitions:
    """How a GMS server is asked for each statistic."""
    queue = dict(GmsDefinitions().queue)
    entered = queue[_SUBJECTS["entered"]]
    queue[_SUBJECTS["entered"]] = {**entered, "filter": options.filter}
    for subject, item, only in _queue_statistics(options):
        queue.pop(subject, None)
        if item.asked:
            queue[subject] = _form(item, only)
    state = GmsDefinitions().agent_state if options.agent_state is None else _form(options.agent_state, "")
    return GmsDefinitions(queue, state, options.queue_type, options.agent_type)


def _queue_statistics(options: StatisticsOptions) -> Iterator[tuple[tuple[str, str], StatisticDefinition, str]]:
    """Each given statistic of a queue: the service's subject, and the filter its type is counted under."""
    for name, item in options.given().items():
        if name in _SUBJECTS:
            subject = _SUBJECTS[name]
            yield subject, item, options.filter if subject[1] else ""


def _name(item: StatisticDefinition | None, default: str) -> str:
    return default if item is None or item.name is None else item.name


def _api(item: StatisticDefinition, only: str) -> Definition:
    if item.name is not None:
        return item.name
    if item.type is None:
        return item.fields
    only = item.filter or only
    return {"statisticType": item.type} | ({"filter": only} if only else {})


def _form(item: StatisticDefinition, only: str) -> dict[str, str]:
    if item.name is not None:
        return {"metric": item.name}
    only = item.filter or only
    return {"statisticType": item.type or ""} | ({"filter": only} if only else {})
