"""A browser, and clusters of real processes for it to look at. `make test-browser` has what they need."""

from __future__ import annotations

import contextlib
import functools
import re
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

from simulator.harness.observation import ClusterObserver
from simulator.harness.processes import DemoProcess
from simulator.harness.stage import Stage
from simulator.harness.stage_options import StageOptions
from tests.support.waiting import PATIENCE_SECONDS, until

try:
    import playwright.async_api as playwright
except ImportError:
    # Installed by `make test-browser` alone; without it these tests are not there.
    collect_ignore_glob = ["test_*.py"]

ARTEFACTS = Path(".dashboard")
"""Where screenshots are kept."""
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
TARGETS = 10_000
START_SECONDS = 240.0
"""How long a node may take to be ready on a machine with other work, at first and when it comes back."""
TEST_SECONDS = 900.0
"""How long a test may take there, its clusters included; it only decides how late one that hangs is seen."""
FROZEN = "watchdog: the event loop was frozen"
"""What a node writes that its watchdog ends."""
EVERYTHING = """() => document.documentElement.outerHTML + document.cookie
  + [...document.querySelectorAll('input, textarea')].map(each => each.value).join(' ')
  + JSON.stringify({ ...localStorage, ...sessionStorage })"""
"""All that a page holds: text, attributes, what was typed, cookies its scripts can read, what it stored."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.browser)
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(TEST_SECONDS))


@dataclass
class Looker:
    """A page in the browser, and everything that went wrong in it."""

    page: playwright.Page
    faults: list[str] = field(default_factory=list)
    """Errors of scripts, and violations of the Content-Security-Policy."""
    secrets: set[str] = field(default_factory=set)
    """What no picture may show."""

    def tell(self, fault: str) -> None:
        """Note a fault."""
        self.faults.append(fault)

    async def open(self, node: str, view: str = "") -> None:
        """Show a view of the node at this address."""
        self.secrets |= SECRETS
        await self.page.goto(f"{node}/dashboard/{view}")
        await self.page.wait_for_selector("main[data-view]")

    async def fact(self, name: str) -> str:
        """What the header says of master or epoch; empty while nothing is known."""
        found = await self.page.query_selector(f"[data-fact={name}]")
        return (await found.text_content() or "") if found else ""

    async def picture(self, name: str) -> None:
        """Keep a screenshot. Fails where the page has a secret: what it holds may be in the picture."""
        page = await self.page.evaluate(EVERYTHING)
        assert [secret for secret in self.secrets if secret in page] == []
        ARTEFACTS.mkdir(exist_ok=True)
        await self.page.screenshot(path=ARTEFACTS / f"{name}.png")


@contextlib.asynccontextmanager
async def away(stage: Stage, name: str, end: Callable[[DemoProcess], None]) -> AsyncIterator[None]:
    """A node is ended so, and is back and ready afterwards, whatever the test found meanwhile."""
    node = stage.nodes[name]
    end(node)
    try:
        yield
    finally:
        await until(lambda: not node.running, f"{name} has ended")
        node.start()
        await all_ready(stage)


async def all_ready(stage: Stage) -> None:
    """Wait until every node is ready. One whose watchdog has ended it is started again, as a service manager does.

    That happens where the machine keeps the processors from a node for longer than half a session. A node that ended
    for another reason is a fault.
    """
    observer = ClusterObserver()
    for plan in stage.plans:
        ready = functools.partial(_ready_again, observer, stage.nodes[plan.name], plan.http)
        await until(ready, f"{plan.name} is ready", seconds=START_SECONDS, state=stage.nodes[plan.name].tail)
    await observer.close()


async def _ready_again(observer: ClusterObserver, node: DemoProcess, http: str) -> bool:
    if not node.running:
        assert FROZEN in node.log.read_text(errors="replace"), f"{node.name} ended {node.ending()}"
        print(f"{node.name} was frozen by the machine, and is started again")
        node.start()
    return await observer.ready(http)


SECRETS: set[str] = set()
"""Secrets of all clusters of this run: of the members among themselves, of the platform, and tokens that were made."""


def secrets_of(stage: Stage, directory: Path) -> set[str]:
    """The secrets that a cluster starts with."""
    found = re.findall(r"password: *(\S+)", (directory / "objects.yaml").read_text())
    return {stage.secret_file.read_text().strip(), *(word.strip("'\"") for word in found)}


async def _stage(directory: Path, **given: object) -> AsyncIterator[Stage]:
    options = StageOptions(directory=directory, well_known_ports=False, startup_seconds=START_SECONDS, **given)
    stage = Stage(options, directory, lambda _line: None)
    observer = ClusterObserver()
    try:
        await stage.start(observer.ready)
        SECRETS.update(secrets_of(stage, directory))
        yield stage
    finally:
        await stage.stop()
        await observer.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def three_nodes(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async for each in _stage(tmp_path_factory.mktemp("cluster")):
        yield each


@pytest_asyncio.fixture(loop_scope="session")
async def stage(three_nodes: Stage) -> Stage:
    """Three nodes with eleven targets, each of them ready."""
    await all_ready(three_nodes)
    return three_nodes


@pytest_asyncio.fixture(loop_scope="session")
async def large_stage(one_large_node: Stage) -> Stage:
    """One node with ten thousand targets, ready."""
    await all_ready(one_large_node)
    return one_large_node


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def one_large_node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    arguments = ("--targets", str(TARGETS))
    directory = tmp_path_factory.mktemp("large")
    async for each in _stage(directory, scenario="large", nodes=1, simulator_arguments=arguments):
        yield each


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def inbound_stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """One node before a desk with more inbound traffic than its dual law leaves agents for."""
    async for each in _stage(tmp_path_factory.mktemp("inbound"), scenario="inbound", nodes=1):
        yield each


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[playwright.Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed: on Debian, apt-get install chromium")
    async with playwright.async_playwright() as running:
        # As root its sandbox cannot be made; the pages it sees are our own.
        browser = await running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def looker(chromium: playwright.Browser, request: pytest.FixtureRequest) -> AsyncIterator[Looker]:
    """A page of a size, and in colours, that `indirect` parameters choose."""
    given = getattr(request, "param", {})
    context = await chromium.new_context(**({"viewport": {"width": 1280, "height": 800}} | given))
    # How long a busy machine may take to show something; it only decides how late a failure is seen.
    context.set_default_timeout(PATIENCE_SECONDS * 1000.0)
    page = await context.new_page()
    looker = Looker(page)
    page.on("pageerror", lambda error: looker.tell(f"script: {error}"))
    await page.expose_function("tellViolation", looker.tell)
    await page.add_init_script(
        "document.addEventListener('securitypolicyviolation',"
        " e => window.tellViolation(`policy: ${e.violatedDirective} ${e.blockedURI} ${e.sample}`))"
    )
    yield looker
    await context.close()
