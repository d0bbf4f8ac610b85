"""The chart before a real API server: every object is taken, every pod admitted, and nothing is left of a release."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.chart.api_server import ApiServer
from tests.chart.chart_files import CHART, EXAMPLES, NAMESPACE, TRIAL, pod_specs, rendered

pytestmark = [pytest.mark.slow, pytest.mark.chart, pytest.mark.xdist_group("api-server")]
KINDS = (
    "statefulsets,services,configmaps,secrets,poddisruptionbudgets,networkpolicies,serviceaccounts,roles,rolebindings,"
    "ingresses,jobs,pods"
)
FOREIGN = {"Certificate", "HTTPRoute", "ServiceMonitor", "PrometheusRule"}
"""Kinds whose definitions this server has not."""


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    server = ApiServer(tmp_path_factory.mktemp("api"))
    try:
        server.start()
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}
        priority = {
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": {"name": "high"},
            "value": 1,
        }
        for each in (space, priority):
            server.done("kubectl", "apply", "--filename", "-", given=json.dumps(each))
        server.done("kubectl", "--namespace", NAMESPACE, "create", "serviceaccount", "default")
        yield server
    finally:
        server.stop()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_every_object_is_taken_and_every_pod_admitted_as_restricted(api: ApiServer, example: Path) -> None:
    objects = [each for each in rendered(example) if each["kind"] not in FOREIGN]
    pods = [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"pod-{number}"}, "spec": admitted(spec)}
        for number, spec in enumerate(pod_specs(objects))
    ]
    objects = [each for each in objects if each["kind"] != "Pod"]  # its account is not there in a dry run
    given = yaml.safe_dump_all([*objects, *pods])
    taken = api.done("kubectl", "--namespace", NAMESPACE, "create", "--dry-run=server", "--filename", "-", given=given)
    assert len(taken.splitlines()) == len(objects) + len(pods)


def admitted(spec: dict[str, object]) -> dict[str, object]:
    """A pod's spec without what a controller would have made for it: volumes of claims, and its account."""
    volumes = [*spec["volumes"]]  # type: ignore[misc]
    known = {each["name"] for each in volumes}
    mounted = {mount["name"] for each in spec["containers"] for mount in each["volumeMounts"]}  # type: ignore[attr-defined]
    return spec | {
        "serviceAccountName": "default",
        "volumes": volumes + [{"name": name, "emptyDir": {}} for name in sorted(mounted - known)],
    }


def test_a_pod_that_is_not_restricted_would_be_refused(api: ApiServer) -> None:
    spec = admitted(pod_specs(rendered(TRIAL))[0]) | {"hostNetwork": True}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "free"}, "spec": spec}
    words = ("--namespace", NAMESPACE, "create", "--dry-run=server", "--filename", "-")
    assert "violates PodSecurity" in api.run("kubectl", *words, given=json.dumps(pod)).stderr


def test_a_release_is_upgraded_to_another_chart_rolled_back_and_leaves_nothing(api: ApiServer, tmp_path: Path) -> None:
    newer = tmp_path / "agent-pacing"
    shutil.copytree(CHART, newer)
    (newer / "Chart.yaml").write_text((CHART / "Chart.yaml").read_text().replace("0.1.0", "0.2.0"))

    def helm(*words: object) -> str:
        return api.done("helm", *words, "--namespace", NAMESPACE, "--no-hooks")

    def left() -> set[str]:
        found = json.loads(api.done("kubectl", "--namespace", NAMESPACE, "get", KINDS, "--output", "json"))["items"]
        return {f"{each['kind']}/{each['metadata']['name']}" for each in found}

    before = left()
    helm("install", "pacing", CHART, "--values", TRIAL)
    helm("upgrade", "pacing", newer, "--values", TRIAL, "--set", "drainSeconds=1")
    assert "agent-pacing-0.2.0" in api.done("helm", "list", "--namespace", NAMESPACE)
    helm("rollback", "pacing", "1")
    assert len(left() - before) > 12
    helm("uninstall", "pacing")
    assert left() == before
