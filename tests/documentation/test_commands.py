"""Every command of the pages for operators is run by a test, or listed as run by none, with the reason."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from cluster.access.signed_calls import ClusterSecret
from pacing_node.cli.app import build_app

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = ("deployment", "operations", "kubernetes")
PROGRAMS = {
    *("apt", "chmod", "chown", "deleteall", "docker", "echo", "helm", "journalctl", "kubectl", "ls", "make", "openssl"),
    *("pacing", "pipx", "promtool", "python3", "systemctl", "systemd-analyze", "zkCli.sh"),
}
BARE = {"pacing", "pacing config", "promtool check", "zkCli.sh"}
"""Names of programs, in sentences about them."""
GUIDE, PREMISES = "tests/containers/test_commands_of_the_guide.py", "tests/deployment/test_premises_guide.py"
RELEASE, PACKAGE = "tests/kubernetes/test_release.py", "tests/deployment/test_debian_package.py"
COMMANDS, ORDERS, TROUBLE = (
    "tests/cli/test_commands.py",
    "tests/failover/test_orders.py",
    "tests/failover/test_trouble.py",
)
HISTORY, ACCEPT = "tests/configuration/test_history.py", "tests/configuration/test_accept_objects.py"
IN_KUBERNETES = ("tests/kubernetes/conftest.py", "def installed")
RUN = {
    "apt purge": (PACKAGE, "def test_an_update_keeps_changed_options_and_only_a_purge_takes_them_away"),
    "docker compose --profile drill run --rm drill graceful": (GUIDE, "run(drill, environment)"),
    "docker compose -f docker-compose.yml -f compose.tls.yaml up --wait": (GUIDE, "run(secure, environment)"),
    "docker compose down --volumes": (GUIDE, "run(down, environment)"),
    "docker compose up --wait": (GUIDE, "run(up, environment)"),
    "helm install pacing helm/agent-pacing --values my-values.yaml": IN_KUBERNETES,
    "helm test": (RELEASE, "def test_its_own_test_passes"),
    "helm test pacing": (RELEASE, "def test_its_own_test_passes"),
    "helm uninstall": (RELEASE, "def test_an_uninstallation_leaves_nothing"),
    "kubectl create secret generic pacing-access": IN_KUBERNETES,
    "make deb": (PACKAGE, "build_deb"),
    "make images": ("scripts/test_containers.sh", "scripts/build_image.sh"),
    "make release": ("tests/deployment/test_release.py", "scripts/build_release.sh"),
    "make test-chart": (".ci/run", "make test-chart"),
    "make test-containers ARGS='-k soon'": ("tests/containers/test_images.py", "def test_a_node_is_ready_soon_after"),
    "make wheel": ("scripts/build_release.sh", "hatchling build"),
    "openssl rand -base64 32 > /etc/agent-pacing/secret": (
        "tests/documentation/test_commands.py",
        "def test_the_secret_of_the_guide_is_one",
    ),
    "pacing config accept-objects": (ACCEPT, "def test_it_reaches_the_nodes_through_a_real_ensemble"),
    "pacing config apply": (PREMISES, "guide.run(restore)"),
    "pacing config apply options.yaml --config /etc/agent-pacing/node.yaml --yes": (PREMISES, "guide.run(restore)"),
    "pacing config check options.yaml": (PREMISES, "guide.run(restore)"),
    "pacing config history": (HISTORY, "def test_the_history_is_kept_in_a_real_ensemble"),
    "pacing config history --restore N": (HISTORY, "def test_a_version_is_restored_in_a_real_ensemble"),
    "pacing config show": (PREMISES, "guide.run(back_up)"),
    "pacing config show --config /etc/agent-pacing/node.yaml --reveal > options.yaml": (PREMISES, "guide.run(back_up)"),
    "pacing doctor": ("tests/doctor/test_visit.py", "def test_where_all_is_well_nothing_must_be_changed"),
    "pacing doctor --config /etc/agent-pacing/node.yaml": (
        "tests/doctor/test_visit.py",
        "def test_where_all_is_well_nothing_must_be_changed",
    ),
    "pacing explain TARGET": (COMMANDS, '"explain"'),
    "pacing history": ("tests/failover/test_handover.py", '"history"'),
    "pacing label-pod": ("tests/deployment/test_pod_label.py", "`pacing label-pod`"),
    "pacing list": (RELEASE, '"pacing", "list"'),
    "pacing list --url http://node-1:8080": (COMMANDS, '"list"'),
    "pacing node --config /etc/agent-pacing/node.yaml --check": ("tests/cli/test_node_check.py", '"--check"'),
    "pacing pause --for 30m": ("tests/cli/test_orders.py", '"--for", "30m"'),
    "pacing resume --wait": (ORDERS, '"resume"'),
    "pacing step-down": ("tests/support/step_down.py", '"step-down"'),
    "pacing step-down --wait": (ORDERS, '"--wait"'),
    "pacing targets": (TROUBLE, '"targets"'),
    "pacing targets --reason statistics_stale": (COMMANDS, '"--reason"'),
    "promtool test rules": ("tests/deployment/test_alert_rules.py", "def test_the_rules_pass_their_unit_tests"),
    "promtool test rules deploy/prometheus/rules_test.yml": (
        "tests/deployment/test_alert_rules.py",
        "def test_the_rules_pass_their_unit_tests",
    ),
    "python3 -m cluster.admin.health_check 127.0.0.1:7801": ("Dockerfile", "cluster.admin.health_check"),
    "systemd-analyze security": ("tests/deployment/test_service_manager.py", "def test_the_unit_exposes_little"),
    "systemd-analyze security --offline": (
        "tests/deployment/test_service_manager.py",
        "def test_the_unit_exposes_little",
    ),
}
"""What runs it: a file, and what must stand in it."""


def commands(page: str) -> set[str]:
    """What a page has people type: lines of indented and fenced blocks, and commands in sentences."""
    text = (DOCS / f"{page}.md").read_text()
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    fenced = [line for block in blocks for line in block.splitlines()]
    text = text.replace("\\|", "|")
    text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    indented = re.findall(r"^(?:    |       )(\S.*)$", text, re.MULTILINE)
    inline = [" ".join(found.split()) for found in re.findall(r"`([^`]+)`", text)]
    found = {each.partition("  #")[0].removesuffix("\\").strip() for each in [*fenced, *indented, *inline]}
    return {each for each in found if each.split()[0] in PROGRAMS} - BARE


def unrun() -> dict[str, str]:
    """The table of commands that no test runs, with the reasons."""
    section = (DOCS / "deployment.md").read_text().split("\n### Commands that no test runs\n", 1)[1]
    rows = re.findall(r"^\| (`.+?`(?:, `.+?`)*) \| (.+) \|$", section, re.MULTILINE)
    return {command.replace("\\|", "|"): reason for cell, reason in rows for command in re.findall(r"`([^`]+)`", cell)}


@pytest.mark.parametrize("page", PAGES)
def test_each_is_run_by_a_test_or_listed_as_run_by_none(page: str) -> None:
    found = commands(page)
    assert found
    assert found - set(RUN) - set(unrun()) == set()


def test_the_lists_name_nothing_that_the_pages_have_no_more() -> None:
    told = set().union(*map(commands, PAGES))
    assert {*RUN, *unrun()} <= told
    assert not set(RUN) & set(unrun())


@pytest.mark.parametrize("command", RUN)
def test_what_runs_it_is_there(command: str) -> None:
    file, words = RUN[command]
    assert words in (ROOT / file).read_text()


def test_every_word_of_our_own_commands_is_offered() -> None:
    root = get_command(build_app())
    own = [each.split(">")[0].split() for page in PAGES for each in commands(page) if each.startswith("pacing ")]
    for words in own:
        command: Any = root
        rest = words[1:]
        while rest and (below := getattr(command, "commands", None)) is not None:
            assert rest[0] in below, " ".join(words)
            command, rest = below[rest[0]], rest[1:]
        offered = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in rest if word.startswith("-")} <= offered, " ".join(words)


def test_the_secret_of_the_guide_is_one() -> None:
    done = subprocess.run(["openssl", "rand", "-base64", "32"], capture_output=True, text=True, check=True)
    ClusterSecret.parse(done.stdout)
