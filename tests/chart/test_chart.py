"""The chart as helm renders it: every example, for every version of Kubernetes, and what a node says of its options."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from pacing_node.options.cluster_options import parse_cluster_options
from pacing_node.options.node_options import load_node_options
from tests.chart.chart_files import (
    CHART,
    EXAMPLES,
    GIVEN,
    PRODUCTION,
    RELEASE,
    ROOT,
    TOOLS,
    TRIAL,
    for_a_version,
    helm,
    one,
    pod_specs,
    rendered,
    run,
    tool,
)
from tests.chart.refusals import SCHEMA_REFUSALS, TEMPLATE_REFUSALS

pytestmark = [pytest.mark.slow, pytest.mark.chart]
VERSIONS = sorted(each.name for each in (TOOLS / "schemas").glob("1.*"))
example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)


@example
def test_helm_finds_nothing_to_say(example: Path) -> None:
    assert "1 chart(s) linted, 0 chart(s) failed" in helm("lint", "--strict", CHART, "--values", example)


@example
def test_every_object_is_one_on_every_version_of_kubernetes(example: Path, tmp_path: Path) -> None:
    tool("kubeconform")  # its schemas come with it
    assert len(VERSIONS) >= 3
    file = tmp_path / "objects.yaml"
    for version in VERSIONS:
        file.write_text(helm("template", RELEASE, CHART, "--values", example, "--kube-version", version))
        places = [
            TOOLS / "schemas" / each / "{{ .ResourceKind }}{{ .KindSuffix }}.json" for each in (version, "resources")
        ]
        words = [word for place in places for word in ("-schema-location", place)]
        done = run("kubeconform", "-strict", "-summary", *words, file)
        assert done.returncode == 0, (version, done.stdout)
        assert "Skipped: 0" in done.stdout


def test_a_key_that_kubernetes_does_not_know_would_be_found(tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    for kind, wrong in (("StatefulSet", "replica: 3"), ("ServiceMonitor", "endpoint: []")):
        found = next(each for each in rendered(PRODUCTION) if each["kind"] == kind)
        file.write_text(yaml.safe_dump(found | {"spec": found["spec"] | yaml.safe_load(wrong)}))
        places = [
            TOOLS / "schemas" / each / "{{ .ResourceKind }}{{ .KindSuffix }}.json" for each in ("1.34.4", "resources")
        ]
        words = [word for place in places for word in ("-schema-location", place)]
        assert run("kubeconform", "-strict", *words, file).returncode != 0, kind


def test_the_suites_of_helm_unittest_pass() -> None:
    done = run("helm-unittest", "--strict", "--file", "unittests/*_test.yaml", CHART)
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout)


def refusal(values: dict[str, Any], tmp_path: Path) -> str:
    """What helm says of values that are added to those of the trial."""
    file = tmp_path / "wrong.yaml"
    file.write_text(yaml.safe_dump(values))
    done = run("helm", *for_a_version("template", RELEASE, CHART, "--values", TRIAL, "--values", file))
    assert done.returncode != 0, "helm took it"
    return done.stderr


@pytest.mark.parametrize("wrong", SCHEMA_REFUSALS)
def test_helm_refuses_by_the_schema(wrong: str, tmp_path: Path) -> None:
    assert "values don't meet the specifications of the schema" in refusal(SCHEMA_REFUSALS[wrong], tmp_path)


@pytest.mark.parametrize("wrong", TEMPLATE_REFUSALS)
def test_what_the_schema_cannot_compare_is_refused_with_what_is_allowed(wrong: str, tmp_path: Path) -> None:
    values, words = TEMPLATE_REFUSALS[wrong]
    assert words in refusal(values, tmp_path)


@example
def test_a_node_takes_its_options(example: Path, tmp_path: Path) -> None:
    objects = rendered(example)
    (config,) = [each for each in objects if each["kind"] == "ConfigMap" and "node.yaml" in each["data"]]
    (tmp_path / "node.yaml").write_text(config["data"]["node.yaml"])
    users = {f"PACING_ZOOKEEPER_{way}": "x" for way in ("ACL_USER", "ACL_PASSWORD", "SASL_USER", "SASL_PASSWORD")}
    named = {name for each in pod_specs(objects) for container in each["containers"] for name in names_of(container)}
    options = load_node_options(tmp_path / "node.yaml", {key: users[key] for key in users.keys() & named})
    assert not options.standalone
    for each in objects:
        if each["kind"] == "ConfigMap" and "cluster.yaml" in each["data"]:
            parse_cluster_options(each["data"]["cluster.yaml"], "the seed")


def names_of(container: dict[str, Any]) -> set[str]:
    return {each["name"] for each in container.get("env", ())}


@example
def test_every_pod_keeps_to_the_restricted_standard(example: Path) -> None:
    specs = pod_specs(rendered(example))
    assert len(specs) >= 2
    for spec in specs:
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is False
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
        assert not [each for each in spec["volumes"] if "hostPath" in each]
        for container in spec["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["resources"]["requests"].keys() == {"cpu", "memory"}
            assert "memory" in container["resources"]["limits"]


def test_no_secret_is_made_by_the_chart_nor_read_from_values() -> None:
    assert [each["kind"] for path in EXAMPLES for each in rendered(path) if each["kind"] == "Secret"] == []


def test_rules_and_dashboard_are_those_of_deploy() -> None:
    objects = rendered(PRODUCTION)
    rules = yaml.safe_load((ROOT / "deploy" / "prometheus" / "rules.yml").read_text())
    assert one(objects, "PrometheusRule", "pacing-agent-pacing")["spec"] == rules
    dashboard = one(objects, "ConfigMap", "pacing-agent-pacing-dashboard")["data"]["agent-pacing.json"]
    assert dashboard.strip() == (ROOT / "deploy" / "grafana" / "agent-pacing.json").read_text().strip()


def test_selectors_stay_when_versions_and_labels_change() -> None:
    changed = rendered(TRIAL, 'image.tag="9"', 'commonLabels={"team": "x"}')
    for name in ("pacing-agent-pacing", "pacing-agent-pacing-zookeeper"):
        before, after = (one(each, "StatefulSet", name)["spec"] for each in (rendered(TRIAL), changed))
        assert before["selector"] == after["selector"]
        assert before["serviceName"] == after["serviceName"]


def test_options_of_the_cluster_restart_no_node_and_options_of_a_node_do() -> None:
    def restarts(change: str) -> bool:
        specs = [
            one(each, "StatefulSet", "pacing-agent-pacing")["spec"]
            for each in (rendered(TRIAL), rendered(TRIAL, change))
        ]
        return specs[0]["template"] != specs[1]["template"]

    assert not restarts("options.document.pacing.refreshPeriod=9")
    assert restarts("zookeeper.failsafeSeconds=60")


def test_several_releases_share_nothing() -> None:
    def own(name: str) -> set[tuple[str, str]]:
        return {(each["kind"], each["metadata"]["name"]) for each in rendered(GIVEN, name=name)}

    assert own("tenant-a") & own("tenant-b") == set()


def test_every_variable_that_the_image_sets_is_set_by_the_pod_too() -> None:
    """Variables win over node.yaml: what the image says for other places would undo what the chart says."""
    image = set(re.findall(r"\bPACING_[A-Z_]+(?==)", (ROOT / "Dockerfile").read_text()))
    assert "PACING_STATE_DIRECTORY" in image
    for spec in pod_specs(rendered(TRIAL)):
        for container in spec["containers"]:
            if container["image"].startswith("agent-pacing"):
                assert image <= names_of(container), container["name"]
