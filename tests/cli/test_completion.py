"""The scripts of `pacing completion` complete commands, options and values in real shells."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent

BASH = """
eval "$(pacing completion bash)"
ask() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _pacing_completion pacing; echo "${COMPREPLY[@]}"; }
ask pacing lis
ask pacing list -o ""
ask pacing config se
"""
FISH = """
pacing completion fish | source
complete -C "pacing lis"
complete -C "pacing list -o "
"""
ZSH = """
autoload -U compinit; compinit -D
eval "$(pacing completion zsh)"
compadd() { print -l -- "$@" }
_arguments() { print -l -- "$@" }
_describe() { print -l -- "${(P)2}" }
for line in "pacing lis" "pacing list -o "; do
  words=(${(s: :)line}); [[ $line == *" " ]] && words+=("")
  CURRENT=${#words}; _pacing_completion
done
print -- $_comps[pacing]
"""


@pytest.mark.parametrize(
    ("shell", "script"), [(("bash", "--norc"), BASH), (("fish", "--no-config"), FISH), (("zsh", "-f"), ZSH)]
)
def test_a_shell_completes_commands_options_and_values(shell: tuple[str, str], script: str, tmp_path: Path) -> None:
    if shutil.which(shell[0]) is None:
        pytest.skip(f"{shell[0]} is not installed")
    environment = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    done = subprocess.run([*shell, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for word in ("list", "table", "wide", "json", "yaml", "tsv"):
        assert word in done.stdout, (word, done.stdout, done.stderr)
    assert "targets" not in done.stdout.replace("pacing targets", ""), "what does not begin so is not offered"
