"""A site of real processes: nodes on a real ensemble, the simulated contact centre, and what each of them says."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx

from simulator.harness import ports
from simulator.harness.node_files import HOST, NodePlan, cluster_options, node_options, write_yaml
from simulator.harness.processes import DemoProcess, innermost_child, pacing_command
from simulator.harness.push_audit import PushAudit
from simulator.harness.push_record import Push
from tests.support.waiting import PATIENCE_SECONDS, until_blocking

SESSION_SECONDS = 4.0
TICK_SECONDS = 0.5
ANSWER_SECONDS = 30.0
"""Patience for a page: a busy machine fails no test."""
STEADY_SECONDS = 180.0
"""Patience for the start of a whole site, four processes at once: without it none of its tests can run."""
HEALTH_SECONDS = 5.0
"""Patience for a health page, which a node that is frozen on purpose does not answer."""


class Site:
    """Starts everything, answers questions, and ends everything."""

    def __init__(
        self,
        directory: Path,
        hosts: str | None,
        cluster: str,
        *,
        nodes: int = 3,
        scenario: str = "demo",
        host: str = HOST,
        node_extra: Callable[[NodePlan], Mapping[str, Any]] = lambda _: {},
        cluster_extra: Mapping[str, Any] | None = None,
    ) -> None:
        """Without ``hosts`` of ZooKeeper a single node runs alone.

        ``node_extra`` and ``cluster_extra`` replace options of a node and sections of the cluster's."""
        self.directory = directory
        self.hosts = hosts
        self.cluster = cluster
        self.nodes: dict[str, DemoProcess] = {}
        self.plans: dict[str, NodePlan] = {}
        self._scenario = scenario
        self._host = host
        self._count = nodes
        self._node_extra = node_extra
        self._cluster_extra = dict(cluster_extra or {})
        self.simulator: DemoProcess | None = None
        self.addresses: dict[str, Any] = {}
        self._client = httpx.Client(timeout=ANSWER_SECONDS, trust_env=False)

    def __enter__(self) -> Site:
        try:
            self._start_simulator()
            self._start_nodes()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in [*self.nodes.values(), *([self.simulator] if self.simulator else [])]:
            process.kill_session()
        self._client.close()

    def _start_simulator(self) -> None:
        ready = self.directory / "simulator.json"
        places = {"ready-file": ready, "objects-file": self.directory / "objects.yaml", "scenario": self._scenario}
        places["host"] = self._host
        places |= dict.fromkeys(
            ("http-port", "configuration-port", "statistics-primary-port", "statistics-backup-port"), 0
        )
        words = [word for key, value in places.items() for word in (f"--{key}", str(value))]
        self.simulator = DemoProcess("simulator", pacing_command("simulator", *words), self.directory / "simulator.log")
        self.simulator.start()
        wait_until("the simulator is open", ready.exists, seconds=STEADY_SECONDS)
        self.addresses = json.loads(ready.read_text())

    def _start_nodes(self) -> None:
        seed = self.directory / "cluster.yaml"
        write_yaml(seed, cluster_options(self.addresses) | self._cluster_extra)
        chosen = ports.choose_quiet(2 * self._count)
        http, clustering = chosen[: self._count], chosen[self._count :]
        for number in range(self._count):
            name = f"node-{number + 1}"
            plan = NodePlan(name, self.directory / name, http[number], clustering[number], self._host)
            options = node_options(plan, cluster=self.cluster, zookeeper=self.hosts, seed=seed)
            write_yaml(plan.file, options | dict(self._node_extra(plan)))
            self.plans[name] = plan
            command = pacing_command("node", "--config", str(plan.file))
            self.nodes[name] = DemoProcess(name, command, plan.directory / "log")
            self.nodes[name].start()
        self.steady()

    # --- questions ---------------------------------------------------------------------------------------------------

    def get(self, node: str, path: str) -> Any:
        return self._client.get(self.plans[node].http + path).json()

    def text(self, node: str, path: str) -> str:
        return self._client.get(self.plans[node].http + path).text

    def log(self, node: str) -> str:
        return self.nodes[node].log.read_text()

    def status(self, node: str, path: str) -> int:
        """HTTP status of a node's page; 0 when it does not answer."""
        try:
            return self._client.get(self.plans[node].http + path, timeout=HEALTH_SECONDS).status_code
        except httpx.HTTPError:
            return 0

    def masters(self) -> list[str]:
        """Nodes whose `/master` page is healthy now."""
        return [name for name in self.nodes if self.status(name, "/master") == 200]

    def steady(self) -> str:
        """Start ended nodes again, and wait until all are ready, one is master and pushes; its name."""

        def steady() -> bool:
            for process in self.nodes.values():
                if not process.running:
                    process.kill_session()
                    process.start()
            ready = all(self.status(name, "/readiness") == 200 for name in self.nodes)
            masters = self.masters()
            return ready and len(masters) == 1 and bool(self.get(masters[0], "/targets")["pushed"])

        wait_until("the site is steady", steady, self.logs, seconds=STEADY_SECONDS)
        return self.masters()[0]

    def other_than(self, node: str) -> str:
        return next(name for name in self.nodes if name != node)

    def epoch(self, node: str) -> int:
        return int(self.get(node, "/cluster")["epoch"])

    def explain(self, target: str) -> dict[str, Any]:
        node = next(iter(self.nodes))
        page: dict[str, Any] = self._client.get(self.plans[node].http + "/explain", params={"target": target}).json()
        return page

    def audit(self) -> PushAudit:
        """The platform's record of all pushes, judged anew."""
        audit = PushAudit()
        pushes = self._client.get(self.addresses["http"] + "/simulator/pushes").json()["pushes"]
        audit.add(Push.from_wire(push) for push in pushes)
        return audit

    def centre(self) -> dict[str, Any]:
        page: dict[str, Any] = self._client.get(self.addresses["http"] + "/simulator/status").json()
        return page

    # --- harm --------------------------------------------------------------------------------------------------------

    def fault(self, **fault: Any) -> None:
        answer = self._client.post(self.addresses["http"] + "/simulator/faults", json=fault)
        assert answer.is_success, answer.text

    @contextlib.contextmanager
    def faulty(self, **fault: Any) -> Iterator[None]:
        """A fault of the contact centre for as long as the block runs."""
        self.fault(seconds=600, **fault)
        try:
            yield
        finally:
            self.clear_faults()

    def clear_faults(self) -> None:
        """The contact centre behaves again."""
        answer = self._client.delete(self.addresses["http"] + "/simulator/faults")
        assert answer.is_success, answer.text

    def signal_worker(self, node: str, number: signal.Signals) -> int:
        """Send a signal to the process that does the node's work, not to its supervisor; returns its process id."""
        worker = innermost_child(self.nodes[node].pid)
        os.kill(worker, number)
        return worker

    def logs(self) -> str:
        return "".join(process.tail() for process in self.nodes.values())


def wait_until(
    what: str, condition: Callable[[], bool], state: Callable[[], str] = lambda: "", seconds: float = PATIENCE_SECONDS
) -> None:
    """Wait for a condition on a site's pages; a page that does not answer now counts as not yet."""
    until_blocking(condition, what, seconds=seconds, state=state, passing=(httpx.HTTPError, KeyError, ValueError))


@contextlib.contextmanager
def stopped(pid: int) -> Iterator[None]:
    """Freeze a process, and let it go on however the block ends."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
