"""Files are UTF-8 and so is what commands write into files and pipes, whatever the locale of who calls them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pacing_node.assembly.cluster_settings import secret_of_file
from pacing_node.cli.client_options import ClientOptions, token_of

PACING = str(Path(sys.executable).with_name("pacing"))
PLAIN_ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
"""A locale whose encoding lacks most characters; Python takes UTF-8 in its place unless it is kept from it."""
OPTIONS = "configServer: {path: objects.yaml}\nstatServer: {primary: 'stat1:7000'}\ntenant: Zürich → 名\n"


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """A node that stands alone, whose options hold characters of many alphabets."""
    (path := tmp_path / "node.yaml").write_text("zookeeper: none\nstate_directory: state\n")
    (file := tmp_path / "cluster.yaml").write_text(OPTIONS, encoding="utf-8")
    assert run("config", "apply", file, "--config", path, "--yes").returncode == 0
    return path


def run(*words: object, **variables: str) -> subprocess.CompletedProcess[bytes]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PACING_")}
    command = [PACING, *map(str, words)]
    return subprocess.run(command, capture_output=True, env=environ | PLAIN_ASCII | variables, timeout=120, check=False)


def test_a_backup_of_the_options_is_what_is_kept(node: Path) -> None:
    shown = run("config", "show", "--reveal", "--config", node).stdout
    assert shown.decode() == f"# version 0\n{OPTIONS}"


def test_json_is_json(node: Path) -> None:
    shown = run("config", "show", "--config", node, "--output", "json").stdout
    assert json.loads(shown)["text"] == OPTIONS


def test_options_can_be_edited(node: Path) -> None:
    edited = run("config", "edit", "--yes", "--config", node, EDITOR="sed -i s/Zürich/Köln/")
    assert edited.returncode == 0, edited.stderr
    assert "tenant: Köln → 名" in run("config", "show", "--config", node).stdout.decode()


@pytest.mark.parametrize(
    "written", [b"\xef\xbb\xbf%b\r\n", b"%b", b"\n  %b \n"], ids=["as Windows does", "bare", "wide"]
)
def test_the_same_secret_is_read_from_files_that_programs_write_differently(tmp_path: Path, written: bytes) -> None:
    secret = "geheim-für-alle-" * 3
    (file := tmp_path / "secret").write_bytes(written % secret.encode())
    assert secret_of_file(file).values == (secret.encode(),)


def test_a_token_is_read_from_a_file_with_a_byte_order_mark(tmp_path: Path) -> None:
    (file := tmp_path / "token").write_bytes(b"\xef\xbb\xbfpacing_abc\r\n")
    assert token_of(ClientOptions(token_file=file)) == "pacing_abc"
