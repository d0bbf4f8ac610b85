"""One release for all tests of the package; they run in the order of their files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.kubernetes import release


@pytest.fixture(scope="package")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the files of values lie, once the release is ready."""
    # Never the cluster that a developer happens to work with.
    if not os.environ.get("PACING_TEST_KUBERNETES") or os.environ["PACING_TEST_KUBERNETES"] != os.environ["KUBECONFIG"]:
        pytest.skip("no PACING_TEST_KUBERNETES: make test-kubernetes makes a cluster")
    directory = tmp_path_factory.mktemp("release")
    release.install(directory)
    return directory
