"""Make what the parts of a trial cluster prove themselves with, where there is none.

`python -m simulator.harness.trial_secrets FOLDER [NAME[=HOST,...]...]`: what docker-compose.yml runs before the nodes.
Without names the members' secret; with names also an authority's certificate, and for each name a certificate with its
key: in two files, and in one, as HAProxy and ZooKeeper want it. All of it is readable for its owner and its group.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from simulator.harness.authority import Authority
from simulator.harness.node_files import write_secret
from terminal.printing import say

SECRET = "cluster_secret"  # noqa: S105 - the name of a file
AUTHORITIES = "authorities.pem"
_DAYS = 365.0


def make(folder: Path, names: list[str]) -> bool:
    """Make what is missing; False when nothing was. What is there stays, also when a project starts again."""
    secret, authorities = folder / SECRET, folder / AUTHORITIES
    missing = [each for each in (secret, authorities) if not each.exists()]
    if secret in missing:
        write_secret(secret)
        secret.chmod(0o640)
    if names and authorities in missing:
        authority = Authority("pacing trial")
        for each in names:
            name, _, hosts = each.partition("=")
            certificate, key = authority.sign(*(hosts or name).split(","), days=_DAYS)
            for suffix, content in (("-cert.pem", certificate), ("-key.pem", key), (".pem", key + certificate)):
                _write(folder / f"{name}{suffix}", content)
        _write(authorities, authority.pem)  # the last one: with it all of them are there
    return secret in missing or bool(names and authorities in missing)


def _write(file: Path, content: bytes) -> None:
    file.touch(mode=0o640)
    file.write_bytes(content)


def main(arguments: list[str]) -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(description="Make certificates, a secret and tokens to try TLS with.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME[=HOST,...]", help="of whom certificates are made")
    given = parser.parse_args(arguments)
    os.umask(0o027)
    say(f"{given.folder}: {'made' if make(given.folder, given.names) else 'is there already'}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
