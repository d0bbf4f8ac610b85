"""What a command says when a node's pages want a token: what is missing, and how it is had."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pacing_node.cli import node_client
from pacing_node.cli.app import build_app
from pacing_node.http_client.client import Answer

HERE, ELSEWHERE = "http://127.0.0.1:8080", "http://198.51.100.7:8080"


def said(monkeypatch: pytest.MonkeyPatch, status: int, url: str, *more: str) -> str:
    """Output of ``pacing list`` when the node answers with this status; its shown headers go with it."""

    def refuse(
        _method: str, _address: str, _settings: object, *, headers: dict[str, str] | None, **_: object
    ) -> Answer:
        reason = f"refused with{'' if headers else 'out'} a token"
        return Answer(status, {}, json.dumps({"error": reason}).encode())

    monkeypatch.setattr(node_client, "ask_once", refuse)
    result = CliRunner().invoke(build_app(), ["list", "--url", url, *more])
    assert result.exit_code == node_client.ExitCode.FAILED
    return " ".join(result.output.split())


@pytest.fixture(autouse=True)
def nothing_of_the_caller(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("PACING_URL", "PACING_TOKEN", "PACING_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def token(tmp_path: Path) -> tuple[str, str]:
    file = tmp_path / "token"
    file.write_text("pacing_0123456789ab_abc\n")
    file.chmod(0o600)
    return "--token-file", str(file)


def test_without_a_token_the_ways_to_name_one_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    text = said(monkeypatch, 401, HERE)
    assert f"{HERE}/cluster: refused without a token; name a token with --token-file or PACING_TOKEN" in text
    assert "pacing token create" in text


def test_a_token_that_others_could_read_was_not_sent(monkeypatch: pytest.MonkeyPatch, token: tuple[str, str]) -> None:
    text = said(monkeypatch, 401, ELSEWHERE, *token)
    assert f"refused without a token; the token was not sent to {ELSEWHERE}" in text
    assert "write https://" in text


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_is_not_good_enough_leads_to_the_list(
    monkeypatch: pytest.MonkeyPatch, token: tuple[str, str], status: int
) -> None:
    assert "refused with a token; the token that was sent is not good for this" in said(
        monkeypatch, status, HERE, *token
    )


def test_other_failures_say_nothing_of_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "name a token" not in said(monkeypatch, 503, HERE)
