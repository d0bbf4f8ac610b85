"""Generate the Python code of every contract in proto/, or check that it is up to date.

Usage: python scripts/generate_protos.py [--check]

The generator names Python modules after proto paths; ours live in packages of their own (see PACKAGES), so the imports
between generated modules are rewritten on the way.
"""

from __future__ import annotations

import argparse
import filecmp
import importlib.resources
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {"cluster/v1": "cluster/rpc", "contact_center/v1": "contact_center/v1", "pacing/v1": "pacing_node/rpc"}


def generate(output: Path) -> None:
    """Run protoc for every source into ``output``, in the layout of the proto tree."""
    sources = sorted(str(path.relative_to(ROOT / "proto")) for path in (ROOT / "proto").rglob("*.proto"))
    well_known = str(importlib.resources.files("grpc_tools") / "_proto")
    folder = Path(sys.executable).parent
    plugins = [f"--plugin=protoc-gen-{name}={folder}/protoc-gen-{name}" for name in ("mypy", "mypy_grpc")]
    outputs = [f"--{kind}_out={output}" for kind in ("python", "grpc_python", "mypy", "mypy_grpc")]
    command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{ROOT / 'proto'}", f"-I{well_known}"]
    subprocess.run([*command, *plugins, *outputs, *sources], check=True, stderr=subprocess.PIPE)


def rewrite_imports(text: str) -> str:
    """Point imports of generated modules at the packages they are moved to."""
    for source, target in PACKAGES.items():
        old, new = source.replace("/", "."), target.replace("/", ".")
        text = re.sub(rf"^from {re.escape(old)} import", f"from {new} import", text, flags=re.MULTILINE)
        text = re.sub(rf"\b{re.escape(old)}\.(?=\w+_pb2)", f"{new}.", text)
        text = re.sub(rf"^import {re.escape(old)}\.", f"import {new}.", text, flags=re.MULTILINE)
    return text


def arrange(generated: Path, destination: Path) -> list[Path]:
    """Move generated files into their packages below ``destination``; return the files written."""
    written: list[Path] = []
    for source, target in PACKAGES.items():
        folder = destination / target
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted((generated / source).iterdir()):
            if "_pb2_grpc." in path.name and not re.search(r"^class \w+Stub\b", path.read_text(), re.MULTILINE):
                continue  # a contract without services
            (folder / path.name).write_text(rewrite_imports(path.read_text()))
            written.append(folder / path.name)
    return written


def main() -> int:
    """Write the generated code, or with --check compare it; exit status 1 when it differs."""
    parser = argparse.ArgumentParser(description="Generate code from proto/.")
    parser.add_argument("--check", action="store_true", help="write nothing; status 1 when the code would change")
    check: bool = parser.parse_args().check
    with tempfile.TemporaryDirectory() as folder:
        generated, arranged = Path(folder, "generated"), Path(folder, "arranged")
        generated.mkdir()
        generate(generated)
        files = [path.relative_to(arranged) for path in arrange(generated, arranged)]
        present = {p.relative_to(ROOT) for t in PACKAGES.values() for p in (ROOT / t).glob("*_pb2*")}
        stale = sorted(present - set(files))
        differing = [
            f for f in files if not (ROOT / f).exists() or not filecmp.cmp(arranged / f, ROOT / f, shallow=False)
        ]
        if check:
            for path in [*differing, *stale]:
                print(f"{path}: differs from what proto/ generates; run `make proto`", file=sys.stderr)
            return 1 if differing or stale else 0
        for file in files:
            (ROOT / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(arranged / file, ROOT / file)
        for path in stale:
            (ROOT / path).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
