"""`pacing node --check` says of what the options name what a start would say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trustme
import yaml
from typer.testing import CliRunner

from pacing_node.cli.app import build_app

if TYPE_CHECKING:
    from pathlib import Path

GOOD = b"a secret of the cluster that is long enough\n"


def check(directory: Path, **more: object) -> tuple[int, str]:
    """Exit status and output of a check of a node with these options."""
    file = directory / "node.yaml"
    file.write_text(yaml.safe_dump({"name": "node-1", "zookeeper": "none", **more}))
    done = CliRunner().invoke(build_app(), ["node", "--config", str(file), "--check"])
    return done.exit_code, done.output


@pytest.fixture
def certificates(tmp_path: Path) -> dict[str, str]:
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    files = {"certificate": issued.cert_chain_pems[0], "private_key": issued.private_key_pem}
    files["authorities"] = authority.cert_pem
    for name, pem in files.items():
        pem.write_to_path(str(tmp_path / name))
    return {name: str(tmp_path / name) for name in files}


def test_what_a_node_can_start_with_is_well(tmp_path: Path, certificates: dict[str, str]) -> None:
    (tmp_path / "secret").write_bytes(GOOD)
    access = {"secret_file": str(tmp_path / "secret")}
    status, said = check(tmp_path, access=access, certificates=certificates, peer_certificates=certificates)
    assert (status, "are well" in said) == (0, True), said


@pytest.mark.parametrize(
    ("content", "found"),
    [(b"short\n", "found 5 characters"), (b"\xff\xfe" * 20, "not text"), (None, "no such file"), (b"", "found 0")],
)
def test_a_secret_that_cannot_be_used_is_found(tmp_path: Path, content: bytes | None, found: str) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    status, said = check(tmp_path, access={"secret_file": str(file)})
    assert (status, found in said, str(file) in said.replace("\n", "")) == (2, True, True), said


@pytest.mark.parametrize("section", ["certificates", "peer_certificates"])
@pytest.mark.parametrize("damaged", ["certificate", "private_key"])
def test_certificates_that_cannot_be_used_are_found(
    tmp_path: Path, certificates: dict[str, str], section: str, damaged: str
) -> None:
    (tmp_path / damaged).write_text("no PEM")
    status, said = check(tmp_path, **{section: certificates})
    assert (status, "are well" in said, damaged in said.replace("\n", "")) == (2, False, True), said
