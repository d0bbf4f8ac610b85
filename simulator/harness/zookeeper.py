"""A real ZooKeeper ensemble as child processes, for the demo and the tests.

Members can be stopped, killed, frozen and continued one by one. Where no ZooKeeper is installed, members run in
containers; where one is already running, it is used as it is.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import structlog

from simulator.harness.children import start_child
from simulator.harness.ports import choose_quiet
from simulator.harness.zookeeper_mode import server_mode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

log = structlog.get_logger(__name__)

VARIABLE = "PACING_TEST_ZOOKEEPER"
"""Environment variable: hosts of a running ZooKeeper (``h:p,h:p``), the path of an installation, a class path, or
``image=NAME`` for containers of that image."""

_HOSTS = re.compile(r"^[\w.\-\[\]]+:\d+(,[\w.\-\[\]]+:\d+)*$")
_DEBIAN_JARS = Path("/usr/share/java")
_INSTALLATIONS = ("/opt/zookeeper*", "/usr/local/zookeeper*", "/opt/apache-zookeeper*", "/usr/share/apache-zookeeper*")
_IMAGE = "zookeeper:3.9"
_IMAGE_PREFIX = "image="
_COMMANDS = "srvr,conf,ruok,mntr,cons,dump,wchs"


class ZooKeeperNotFoundError(Exception):
    """No ZooKeeper can be had on this machine; the message names what to install."""


class MemberNotReadyError(Exception):
    """A member did not serve within the time given; the message holds the end of its log."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where ZooKeeper comes from. Exactly one of the three is set: running hosts, a class path, a container image."""

    description: str
    """One line for people, for example ``Debian package zookeeper in /usr/share/java``."""
    hosts: str | None = None
    classpath: str | None = None
    image: str | None = None


def find_zookeeper() -> Source:
    """The first ZooKeeper that can be had.

    In this order: the variable ``PACING_TEST_ZOOKEEPER``, the Debian package, an installation with ``zkServer.sh``,
    a container engine that answers. Raises ZooKeeperNotFoundError, naming what to install, when there is none.
    """
    wanted = os.environ.get(VARIABLE, "").strip()
    if wanted:
        return _source_from_variable(wanted)
    if shutil.which("java") is not None:
        for source in _installed():
            return source
    if _docker_answers():
        return Source(description=f"containers of {_IMAGE}", image=_IMAGE)
    message = (
        "No ZooKeeper found. Install one of: the Debian/Ubuntu packages `zookeeper` and `default-jre-headless`; "
        "an Apache ZooKeeper distribution with its bin/zkServer.sh in PATH and a Java runtime; a Docker engine "
        f"with the Python package `testcontainers`. Or set {VARIABLE} to the hosts of a running one (host:port,…) "
        "or to the directory of an installation."
    )
    raise ZooKeeperNotFoundError(message)


def _source_from_variable(wanted: str) -> Source:
    if wanted.startswith(_IMAGE_PREFIX):
        image = wanted.removeprefix(_IMAGE_PREFIX)
        return Source(description=f"containers of {image} ({VARIABLE})", image=image)
    if _HOSTS.match(wanted):
        return Source(description=f"running ZooKeeper at {wanted} ({VARIABLE})", hosts=wanted)
    if shutil.which("java") is None:
        message = f"{VARIABLE}={wanted} names an installation, but there is no `java` in PATH"
        raise ZooKeeperNotFoundError(message)
    if Path(wanted).is_dir():
        classpath = _distribution_classpath(Path(wanted))
        if classpath is not None:
            return Source(description=f"installation {wanted} ({VARIABLE})", classpath=classpath)
    elif ".jar" in wanted:
        return Source(description=f"class path {wanted} ({VARIABLE})", classpath=wanted)
    message = (
        f"{VARIABLE}={wanted} is neither host:port[,host:port…], nor a ZooKeeper directory, nor a class path, "
        "nor image=NAME"
    )
    raise ZooKeeperNotFoundError(message)


def _installed() -> Iterator[Source]:
    if (_DEBIAN_JARS / "zookeeper.jar").exists():
        # Beside what the jar itself names: a place for its log, and what its TLS port needs.
        jars = [_DEBIAN_JARS / name for name in ("zookeeper.jar", "slf4j-simple.jar", "netty-codec.jar")]
        classpath = os.pathsep.join(str(jar) for jar in jars if jar.exists())
        yield Source(description=f"Debian package zookeeper in {_DEBIAN_JARS}", classpath=classpath)
    script = shutil.which("zkServer.sh")
    places = [Path(script).resolve().parent.parent] if script else []
    for pattern in _INSTALLATIONS:
        places += sorted(Path("/").glob(pattern.lstrip("/")), reverse=True)
    for place in places:
        found = _distribution_classpath(place)
        if found is not None:
            yield Source(description=f"installation {place}", classpath=found)


def _distribution_classpath(place: Path) -> str | None:
    jars = [*sorted(place.glob("zookeeper*.jar")), *sorted(place.glob("lib/*.jar"))]
    return os.pathsep.join(map(str, jars)) if any(jar.name.startswith("zookeeper") for jar in jars) else None


def _docker_answers() -> bool:
    if shutil.which("docker") is None and "DOCKER_HOST" not in os.environ:
        return False
    try:
        from testcontainers.core.docker_client import DockerClient  # noqa: PLC0415 - an optional dependency

        return bool(DockerClient(timeout=3).client.ping())
    except Exception:
        log.debug("zookeeper.no_container_engine", exc_info=True)
        return False


class Member(Protocol):
    """One member of an ensemble."""

    name: str
    client_port: int

    @property
    def running(self) -> bool:
        """Whether its process exists; a frozen one counts."""
        ...

    def start(self) -> None:
        """Start it; returns before it serves."""
        ...

    def stop(self) -> None:
        """End it in an orderly way and wait."""
        ...

    def kill(self) -> None:
        """Kill it with SIGKILL and wait."""
        ...

    def discard(self) -> None:
        """Kill it for good: nothing of it is needed any more."""
        ...

    def freeze(self) -> None:
        """Stop its execution while its sockets stay open (SIGSTOP)."""
        ...

    def thaw(self) -> None:
        """Continue after :meth:`freeze`."""
        ...

    def mode(self) -> str | None:
        """``leader``, ``follower`` or ``standalone`` when it serves; None when it does not."""
        ...


_JAVA_ENVIRONMENT = {"LC_ALL": "C.UTF-8"}
"""Java takes the encoding of file names from the locale; a directory may have any name."""


class ProcessMember:
    """A member that is a child process of this one."""

    def __init__(self, name: str, client_port: int, configuration: Path, classpath: str, log: Path) -> None:
        self.name = name
        self.client_port = client_port
        self.log = log
        self._configuration = configuration
        self._classpath = classpath
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        """Where it keeps its data."""
        return self._configuration.parent / "data"

    @property
    def running(self) -> bool:
        """Whether its process exists; a frozen one counts."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it; returns before it serves."""
        if self.running:
            return
        options = ["-Xms16m", "-Xmx96m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"]
        options += ["-Dzookeeper.admin.enableServer=false", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
        main = "org.apache.zookeeper.server.quorum.QuorumPeerMain"
        command = ["java", *options, "-cp", self._classpath, main, str(self._configuration)]
        self._process = start_child(command, log=self.log, environment=_JAVA_ENVIRONMENT)

    def stop(self) -> None:
        """End it in an orderly way, at most 5 s, then by force."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it with SIGKILL and wait."""
        self._end(signal.SIGKILL)

    def discard(self) -> None:
        """Kill it; its files go with their directory."""
        self.kill()

    def freeze(self) -> None:
        """Stop its execution while its sockets stay open."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Continue after :meth:`freeze`."""
        self._signal(signal.SIGCONT)

    def mode(self) -> str | None:
        """``leader``, ``follower`` or ``standalone`` when it serves; None when it does not."""
        return server_mode("127.0.0.1", self.client_port)

    def _signal(self, number: int) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def _end(self, number: int) -> None:
        if self._process is None:
            return
        self._signal(signal.SIGCONT)
        self._signal(number)
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


class Ensemble:
    """An ensemble of ZooKeeper servers on loopback, or whatever :func:`find_zookeeper` found instead.

    The settings are the ones the service ships: tickTime 500 ms, syncLimit 4, initLimit 20, sessions from 1 s.
    Use it as a context manager, or call :meth:`start` and :meth:`stop`. The thread that starts it must live as long
    as the ensemble does: the members die with it.
    """

    def __init__(self, directory: Path, members: int = 3, source: Source | None = None) -> None:
        self.source = source if source is not None else find_zookeeper()
        self.directory = directory
        self.members: Sequence[Member] = ()
        self.hosts = self.source.hosts or ""
        if self.source.classpath is not None:
            self.members = _write_members(directory, members, self.source.classpath)
        elif self.source.image is not None:
            from simulator.harness.zookeeper_container import container_members  # noqa: PLC0415 - optional dependency

            self.members = container_members(self.source.image, choose_quiet(members))
        if self.members:
            self.hosts = ",".join(f"127.0.0.1:{member.client_port}" for member in self.members)

    @property
    def controllable(self) -> bool:
        """Whether members can be stopped and frozen; False for a ZooKeeper that was already running."""
        return bool(self.members)

    def start(self, timeout_seconds: float = 60.0) -> None:
        """Start all members and wait until every one serves. Raises MemberNotReadyError."""
        for member in self.members:
            member.start()
        self.wait_ready(timeout_seconds)

    def wait_ready(self, timeout_seconds: float = 60.0) -> None:
        """Wait until every running member serves. Raises MemberNotReadyError."""
        deadline = time.monotonic() + timeout_seconds
        for member in self.members:
            while member.running and member.mode() is None:
                if time.monotonic() > deadline:
                    message = f"{member.name} does not serve after {timeout_seconds} s: {_end_of_log(member)}"
                    raise MemberNotReadyError(message)
                time.sleep(0.05)
            if not member.running:
                message = f"{member.name} ended while starting: {_end_of_log(member)}"
                raise MemberNotReadyError(message)

    def leader(self) -> Member | None:
        """The member that leads now (a lone one counts); None while there is none."""
        return next((member for member in self.members if member.mode() in {"leader", "standalone"}), None)

    def restore(self, timeout_seconds: float = 60.0) -> None:
        """Continue every frozen member, start every ended one, and wait until all serve."""
        for member in self.members:
            member.thaw()
            member.start()
        self.wait_ready(timeout_seconds)

    def back_up(self, to: Path) -> None:
        """Copy the data of every member that is a process, as it is at this moment."""
        for member in self.members:
            if isinstance(member, ProcessMember):
                shutil.copytree(member.data, to / member.name)

    def restore_from(self, copy: Path) -> None:
        """Replace the data of all members by a copy of :meth:`back_up`; they are killed, and started with it.

        What was written since the copy is forgotten, and history goes on from there. Returns before they serve.
        """
        processes = [member for member in self.members if isinstance(member, ProcessMember)]
        for member in processes:
            member.kill()
        for member in processes:
            shutil.rmtree(member.data)
            shutil.copytree(copy / member.name, member.data)
        for member in processes:
            member.start()

    def stop(self) -> None:
        """Kill all members: an ensemble for the demo or a test has nothing to keep."""
        for member in self.members:
            member.discard()

    def __enter__(self) -> Ensemble:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()


def _end_of_log(member: Member) -> str:
    if not isinstance(member, ProcessMember) or not member.log.exists():
        return "no log"
    return member.log.read_text(errors="replace")[-1500:]


def properties_text(text: str) -> str:
    """A value of a Java properties file, which is read as Latin-1: backslashes and other characters are escaped."""
    units = text.encode("utf-16-be", "surrogatepass")
    codes = (int.from_bytes(units[at : at + 2]) for at in range(0, len(units), 2))
    return "".join(chr(code) if 0x20 <= code < 0x7F and code != 0x5C else f"\\u{code:04x}" for code in codes)


def _write_members(directory: Path, count: int, classpath: str) -> list[ProcessMember]:
    ports = choose_quiet(3 * count)
    servers = ""
    if count > 1:
        servers = "".join(
            f"server.{number}=127.0.0.1:{ports[count + index]}:{ports[2 * count + index]}\n"
            for index, number in enumerate(range(1, count + 1))
        )
    members = []
    for index in range(count):
        home = directory / f"zookeeper-{index + 1}"
        (home / "data").mkdir(parents=True, exist_ok=True)
        (home / "data" / "myid").write_text(f"{index + 1}\n")
        configuration = home / "zoo.cfg"
        data = properties_text(str(home / "data"))
        configuration.write_text(
            f"tickTime=500\nsyncLimit=4\ninitLimit=20\nminSessionTimeout=1000\nmaxSessionTimeout=60000\n"
            f"dataDir={data}\nclientPort={ports[index]}\nclientPortAddress=127.0.0.1\nmaxClientCnxns=0\n"
            f"admin.enableServer=false\n4lw.commands.whitelist={_COMMANDS}\nforceSync=no\n{servers}"
        )
        members.append(ProcessMember(home.name, ports[index], configuration, classpath, home / "server.log"))
    return members
