"""HAProxy and nginx as `deploy/` configures them, before the nodes of a site on this machine."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from simulator.harness import ports
from simulator.harness.processes import DemoProcess
from tests.deployment.balanced_site import HOST, BalancedSite
from tests.deployment.queries import DEPLOY
from tests.support.packages import program
from tests.support.waiting import until_blocking

WAYS = {"public": 8088, "operators": 8080, "orders": 7800}
"""Ports the configurations listen on."""
_NGINX = """daemon off;
pid {directory}/pid;
error_log stderr info;
events {{}}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    include {configuration};
}}
"""


@dataclass(frozen=True)
class Balancer:
    """One that runs; addresses are ``host:port``."""

    name: str
    public: str
    operators: str
    orders: str
    process: DemoProcess

    @property
    def log(self) -> str:
        return self.process.log.read_text()


@contextmanager
def balancer(name: str, site: BalancedSite, directory: Path) -> Iterator[Balancer]:
    """Run one of the two before a site."""
    chosen = dict(zip(WAYS, ports.choose_quiet(len(WAYS)), strict=True))
    configuration = directory / f"{name}.conf"
    command = {"haproxy": _haproxy, "nginx": _nginx}[name](site, configuration, chosen)
    process = DemoProcess(name, command, directory / f"{name}.log")
    process.start()

    def listens() -> bool:
        process.check()
        return not any(map(ports.is_free, chosen.values()))

    try:
        until_blocking(listens, f"{name} listens")
        yield Balancer(name, **{way: f"{HOST}:{port}" for way, port in chosen.items()}, process=process)
    finally:
        process.kill_session()


def _haproxy(site: BalancedSite, configuration: Path, chosen: dict[str, int]) -> list[str]:
    text = (DEPLOY / "haproxy" / "haproxy.cfg").read_text()
    places = site.places()

    def checked(found: re.Match[str]) -> str:
        host, port, check = found.groups()
        return f"{places[f'{host}:{port}']} check port {places[f'{host}:{check}'].rpartition(':')[2]}"

    text = re.sub(r"(10\.0\.0\.\d):(\d+) check port (\d+)", checked, text)
    for way, port in WAYS.items():
        text = text.replace(f"bind :{port}\n", f"bind {HOST}:{chosen[way]}\n")
    configuration.write_text(_placed(text, places))
    return [program("haproxy", "haproxy"), "-f", str(configuration)]


def _nginx(site: BalancedSite, configuration: Path, chosen: dict[str, int]) -> list[str]:
    text = (DEPLOY / "nginx" / "agent-pacing.conf").read_text()
    for way, port in WAYS.items():
        text = re.sub(rf"listen {port}\b", f"listen {HOST}:{chosen[way]}", text)
    configuration.write_text(_placed(text, site.places()))
    whole = configuration.with_name("nginx.main.conf")
    whole.write_text(_NGINX.format(directory=configuration.parent, configuration=configuration))
    return [program("nginx", "nginx"), "-p", str(configuration.parent), "-c", str(whole)]


def _placed(text: str, places: dict[str, str]) -> str:
    for there, here in places.items():
        text = text.replace(there, here)
    assert "10.0.0." not in re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)
    return text


def refuses(name: str, configuration: Path) -> bool:
    """Whether the program itself finds a configuration wrong."""
    command = {
        "haproxy": [program("haproxy", "haproxy"), "-c", "-f"],
        "nginx": [program("nginx", "nginx"), "-t", "-p", str(configuration.parent), "-c"],
    }[name]
    return subprocess.run([*command, str(configuration)], capture_output=True, check=False).returncode != 0
