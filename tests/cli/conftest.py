"""One real node beside a real simulated contact centre, for all tests of commands that only look at it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.cluster_site import Site


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(tmp_path_factory.mktemp("site"), None, "forms", nodes=1) as site:
        yield site
