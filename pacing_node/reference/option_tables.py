"""Tables of the options and findings, made from the models themselves."""

from __future__ import annotations

from pacing_node.discovery.remedies import REMEDIES
from pacing_node.options.cluster_options import cluster_option_list
from pacing_node.options.environment import variable
from pacing_node.options.node_options import node_option_list
from pacing_node.reference.markdown import table


def tables() -> dict[str, str]:
    """Every generated table by name, in Markdown."""
    made = {"node-options": _node_table(), "findings": _findings_table()}
    sections = dict.fromkeys(option.key[0] if len(option.key) > 1 else "general" for option in cluster_option_list())
    for section in sections:
        made["cluster-" + section.lower()] = _section_table(section)
    return made


def _node_table() -> str:
    rows = [
        (f"`{'.'.join(option.key)}`", f"`{variable(option)}`", option.allowed, _code(option.default), option.meaning)
        for option in node_option_list()
    ]
    return table(("Key", "Variable", "Allowed", "Default", "Meaning"), rows)


def _section_table(section: str) -> str:
    rows = [
        (
            f"`{'.'.join(option.key[1:] or option.key)}`" + "".join(f", `{other}`" for other in option.others),
            option.allowed,
            _code(option.default),
            option.applies.value,
            option.meaning,
        )
        for option in cluster_option_list()
        if (option.key[0] == section and len(option.key) > 1) or (section == "general" and len(option.key) == 1)
    ]
    return table(("Option", "Allowed", "Default", "Change", "Meaning"), rows)


def _findings_table() -> str:
    rows = [(f"`{code}`", item.severity, item.meaning, item.remedy) for code, item in REMEDIES.items()]
    return table(("Finding", "Severity", "Meaning", "What to do"), rows)


def _code(default: str) -> str:
    return default if default in {"", "required", "the host's name"} else f"`{default}`"
