"""Fixtures shared by all tests."""

from __future__ import annotations

import asyncio
import gc
import signal
import uuid
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog
from hypothesis import HealthCheck, settings

from simulator.harness.namespace import Namespace, NamespaceError
from simulator.harness.zookeeper import Ensemble
from tests.support.blocking import nothing_blocks
from tests.support.commands import end_forking

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

# No example has a wall-clock limit: on a busy machine any of them may take long. Examples are random from run to run;
# `.ci/run` takes a seed from the commit, so a failure there can be repeated. Any failure prints how to repeat it.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("tests")

TESTS = Path(__file__).parent
NODE_TESTS = frozenset({"alarms", "api", "configuration", "cycle", "engagement", "statistics"})
"""Folders of the tests of a node's packages."""
LONG_TESTS = frozenset({"benchmark"})
"""Folders of tests that calculate for seconds."""
LONGEST = frozenset({"failover"})
"""Groups that take minutes, one test after the other: begun last, they would be all that runs at the end."""


def pytest_configure() -> None:
    """What all tests stand on.

    There is no event loop outside a test: a plugin that asks for one would make it and never close it. In the
    background of a shell Ctrl-C is ignored, which commands that a test starts would inherit.
    """
    asyncio.set_event_loop(None)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_sessionfinish() -> None:
    """End what tests have shared beyond any fixture."""
    end_forking()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is loaded and collected stays until the end: no search for garbage looks at it, now or later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of a module, and of an ``xdist_group``, in one process: they share what is costly to start."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))
    if hasattr(config, "workerinput"):
        _begin_with_the_long(items)


def _begin_with_the_long(items: list[pytest.Item]) -> None:
    """Put groups first that wait for clusters, and those that calculate long: none of them is begun when others end."""
    long = {_group(item) for item in items if item.get_closest_marker("ensemble") or item.path.parts[-2] in LONG_TESTS}
    items.sort(key=lambda item: (_group(item) not in LONGEST, _group(item) not in long))


def _group(item: pytest.Item) -> str:
    marker = item.get_closest_marker("xdist_group")
    assert marker is not None
    return str(marker.args[0] if marker.args else marker.kwargs["name"])


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """A command that sets the logs up for its process does so for one test only."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture(autouse=True)
def _nothing_blocks_the_loop(request: pytest.FixtureRequest) -> Iterator[None]:
    """The node's own tests fail where its code blocks the event loop."""
    if request.path.relative_to(TESTS).parts[0] in NODE_TESTS:
        with nothing_blocks():
            yield
    else:
        yield


@pytest.fixture(scope="session")
def ensemble(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ensemble]:
    """A real ZooKeeper ensemble of three members, shared by the run; use ``zookeeper_hosts`` unless you harm it."""
    with Ensemble(tmp_path_factory.mktemp("zookeeper")) as running:
        yield running


@pytest.fixture
def chroot() -> str:
    """A path of its own for each test."""
    return f"/test-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def zookeeper_hosts(ensemble: Ensemble, chroot: str) -> Iterator[str]:
    """Hosts of the ensemble with a chroot of this test's own; the ensemble is whole again before and after."""
    ensemble.restore()
    yield ensemble.hosts + chroot
    ensemble.restore()


@pytest.fixture
def three_members(ensemble: Ensemble) -> Ensemble:
    """The ensemble, for tests that take members away; skipped where it has a single one or is not ours."""
    if len(ensemble.members) < 3:
        pytest.skip(f"needs three members of its own, has: {ensemble.source.description}")
    return ensemble


@pytest.fixture
def namespace() -> Iterator[Namespace]:
    """A network of its own, whose line can be cut; without the right to make one the test is skipped."""
    with ExitStack() as stack:
        try:
            made = stack.enter_context(Namespace())
        except NamespaceError as error:
            pytest.skip(str(error))
        yield made
