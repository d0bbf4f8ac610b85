"""A real API server of Kubernetes without nodes: it judges objects, admits pods, and keeps what helm installs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import httpx
import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from simulator.harness import ports
from simulator.harness.processes import DemoProcess
from tests.chart.chart_files import tool
from tests.support.waiting import until_blocking

HOST = "127.0.0.1"
_ACCESS = """apiVersion: v1
kind: Config
current-context: own
clusters: [{{name: own, cluster: {{server: "https://{host}:{port}", certificate-authority: {place}/ca.pem}}}}]
users: [{{name: admin, user: {{client-certificate: {place}/admin.pem, client-key: {place}/admin.pem}}}}]
contexts: [{{name: own, context: {{cluster: own, user: admin}}}}]
"""


class ApiServer:
    """etcd and kube-apiserver on loopback, with an administrator's access in ``access``."""

    def __init__(self, directory: Path) -> None:
        """Skips the test where the programs are missing."""
        server, etcd = tool("kube-apiserver"), shutil.which("etcd")
        if etcd is None:
            pytest.skip("no etcd: apt-get install etcd-server")
        self._port, client, peer = ports.choose_quiet(3)
        self.access = directory / "access.yaml"
        self.access.write_text(_ACCESS.format(host=HOST, port=self._port, place=directory))
        self._authority = trustme.CA()
        self._authority.cert_pem.write_to_path(str(directory / "ca.pem"))
        self._issue(directory / "server.pem", "10.96.0.1")
        self._issue(directory / "admin.pem", "admin", organization="system:masters")
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (directory / "tokens.pem").write_bytes(pem)
        (directory / "etcd").mkdir(mode=0o700)
        store = f"http://{HOST}:{client}"
        places = f"--listen-client-urls={store} --advertise-client-urls={store} --listen-peer-urls=http://{HOST}:{peer}"
        words = f"{etcd} --data-dir={directory}/etcd --unsafe-no-fsync --log-level=error {places}"
        self._etcd = DemoProcess("etcd", words.split(), directory / "etcd.log")
        words = (
            f"{server} --etcd-servers={store} --bind-address={HOST} --secure-port={self._port} "
            "--advertise-address=10.255.255.1 --endpoint-reconciler-type=none --authorization-mode=RBAC "
            f"--client-ca-file={directory}/ca.pem --tls-cert-file={directory}/server.pem "
            f"--tls-private-key-file={directory}/server.pem --service-cluster-ip-range=10.96.0.0/24 "
            f"--service-account-issuer=https://own --service-account-key-file={directory}/tokens.pem "
            f"--service-account-signing-key-file={directory}/tokens.pem"
        )
        self._server = DemoProcess("kube-apiserver", words.split(), directory / "api.log")

    def _issue(self, file: Path, name: str, organization: str | None = None) -> None:
        own = self._authority.issue_cert(HOST, name, common_name=name, organization_name=organization)
        own.private_key_and_cert_chain_pem.write_to_path(str(file))

    def start(self) -> None:
        """Start both; returns once the API is ready."""
        self._etcd.start()
        self._server.start()
        until_blocking(self._ready, "the API is ready", state=self._server.tail, passing=(httpx.HTTPError, OSError))

    def _ready(self) -> bool:
        done = self.run("kubectl", "get", "--raw", "/readyz")
        return done.returncode == 0

    def run(self, program: str, *words: object, given: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run kubectl or helm with the access of an administrator."""
        command = [str(tool(program)), "--kubeconfig", str(self.access), *map(str, words)]
        return subprocess.run(command, input=given, capture_output=True, text=True, timeout=120, check=False)

    def done(self, program: str, *words: object, given: str | None = None) -> str:
        """What a command prints; fails the test with its errors."""
        result = self.run(program, *words, given=given)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def stop(self) -> None:
        """End both."""
        self._server.kill_session()
        self._etcd.kill_session()
