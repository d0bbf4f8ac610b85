"""One visit of the doctor: every check on one node's options, in the order in which one thing needs the other."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from cluster import addresses
from cluster.admin.zookeeper_access import open_zookeeper
from cluster.errors import ClusterError, NotAllowedError
from pacing_node.assembly.cluster_settings import cluster_settings
from pacing_node.discovery.discover import discover
from pacing_node.doctor import dependencies
from pacing_node.doctor.certificate_check import check_certificate
from pacing_node.doctor.diagnosis import error, ok, skipped
from pacing_node.doctor.ensemble import ask_member, check_members
from pacing_node.doctor.receivers import receivers
from pacing_node.doctor.statistics_check import statistics
from pacing_node.doctor.surroundings import (
    ANSWERS,
    ask,
    check_clock,
    check_directory,
    check_exposure,
    check_port,
    own_context,
    who_answers,
)
from pacing_node.doctor.times import Times, check_times
from pacing_node.http_client.client import HttpClient
from pacing_node.http_client.request_failures import REQUEST_FAILURES

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from cluster.admin.zookeeper_access import ZooKeeperAccess
    from cluster.records import MemberInfo
    from pacing_node.doctor.diagnosis import Diagnosis
    from pacing_node.doctor.ensemble import MemberAnswer
    from pacing_node.options.cluster_options import ClusterOptions
    from pacing_node.options.node_options import NodeOptions

NEEDS_OPTIONS = "there are no cluster options to read it from"


class Visit:
    """Looks at one node from where it runs. Nothing is changed anywhere, and nothing is pushed."""

    def __init__(self, options: NodeOptions) -> None:
        self._options = options
        self._found: list[Diagnosis] = []
        self._stored: bytes | None = None
        self._granted: float | None = None
        self._members: list[MemberInfo] = []

    async def run(self) -> list[Diagnosis]:
        """All findings, in a fixed order."""
        await self._ports()
        self._found += check_exposure(self._options)
        self._found.append(check_directory(self._options.state_directory))
        self._certificates()
        answers = await self._zookeeper()
        options, diagnosis = dependencies.cluster_options(self._stored, self._options.seed)
        self._found.append(diagnosis)
        self._times(answers, options)
        await self._clocks()
        await self._depend(options)
        return self._found

    async def _ports(self) -> None:
        options = self._options
        scheme = "http" if options.certificates is None else "https"
        here = addresses.join(addresses.local_host(options.bind), options.ports.default)
        # Only whether the answer comes from this very node counts, and its name shows that.
        running = await who_answers(f"{scheme}://{here}", own_context(options.certificates))
        for name, port in (("default", options.ports.default), ("clustering", options.ports.clustering)):
            self._found.append(check_port(name, options.bind, port, running, options.name))
        if options.ports.public is not None:
            bind = options.public_bind or options.bind
            self._found.append(check_port("public", bind, options.ports.public, running, options.name))
        if options.ports.health is not None:
            self._found.append(check_port("health", options.health_bind, options.ports.health, running, options.name))

    def _certificates(self) -> None:
        http, peers = self._options.certificates, self._options.peer_certificates
        if http is not None:
            self._found += check_certificate("http", http.certificate, http.private_key)
            if http.authorities is not None:
                self._found += check_certificate("http", http.authorities, authorities=True)
        if peers is not None:
            self._found += check_certificate("peers", peers.certificate, peers.private_key)
            self._found += check_certificate("peers", peers.authorities, authorities=True)
        tls = self._options.zookeeper.tls if self._options.zookeeper else None
        if tls is not None:
            self._found += check_certificate("zookeeper", tls.authorities, authorities=True)
            password = tls.private_key_password.get_secret_value() if tls.private_key_password else ""
            if tls.certificate is not None:
                key = tls.private_key
                self._found += check_certificate("zookeeper", tls.certificate, key, password=password)

    async def _zookeeper(self) -> list[MemberAnswer]:
        zookeeper = self._options.zookeeper
        if zookeeper is None:
            self._found.append(skipped("zookeeper.session", "this node runs alone, without ZooKeeper"))
            return []
        answers = list(await asyncio.gather(*(ask_member(host.partition("/")[0]) for host in zookeeper.hosts)))
        self._found += check_members(answers, secured=zookeeper.tls is not None)
        try:
            async with self._access() as access:
                self._granted = access.session_timeout_seconds
                await self._read(access)
            self._found.append(ok("zookeeper.session", f"granted for {self._granted:g} s, and read from"))
        except NotAllowedError as failure:
            remedy = (
                "correct user and password in zookeeper.acl or zookeeper.sasl of this node's options; every node and "
                "command has to use the user that wrote the tree, or its access list has to let this one in (setAcl -R)"
            )
            self._found.append(error("zookeeper.access", str(failure), "access to the tree of the cluster", remedy))
        except ClusterError as failure:
            remedy = "start a majority of the ensemble; see its log when TLS, SASL or ACL are in use"
            if zookeeper.sasl is not None and all(not answer.failure for answer in answers):
                remedy = "the members answer: correct user and password in zookeeper.sasl, or the servers' JAAS file"
            self._found.append(error("zookeeper.session", str(failure), "a session", remedy))
        return answers

    def _access(self) -> AbstractAsyncContextManager[ZooKeeperAccess]:
        settings = cluster_settings(self._options)
        assert settings.zookeeper_hosts is not None
        timeout = settings.session_timeout_seconds
        return open_zookeeper(
            settings.zookeeper_hosts,
            settings.cluster,
            settings.zookeeper_security,
            session_timeout_seconds=timeout,
            call_seconds=timeout / 4,
            connect_seconds=2 * timeout,
        )

    async def _read(self, access: ZooKeeperAccess) -> None:
        """What the cluster keeps, as far as there is a cluster yet."""
        if not await access.exists():
            return
        document = await access.document().read()
        self._stored = document.data if document else None
        self._members += await access.members()
        remedy = "see docs/leadership/operations.md, What keeps every node from becoming master"
        for damage in await access.damage():
            self._found.append(error("zookeeper.tree", damage, "what members write", remedy))

    def _times(self, answers: list[MemberAnswer], options: ClusterOptions | None) -> None:
        zookeeper = self._options.zookeeper
        if zookeeper is None:
            return
        ticks = [answer.tick_seconds for answer in answers if answer.tick_seconds is not None]
        limits = [answer.sync_limit for answer in answers if answer.sync_limit is not None]
        times = Times(
            session_asked=zookeeper.session_timeout_seconds,
            session_granted=self._granted,
            heartbeat=zookeeper.heartbeat_seconds,
            push_budget=self._options.longest_push_seconds,
            refresh_period=options.pacing.refresh_seconds if options else None,
            tick_told=zookeeper.longest_tick_seconds,
            tick=max(ticks, default=None),
            sync_limit=max(limits, default=None),
        )
        self._found += check_times(times)

    async def _depend(self, options: ClusterOptions | None) -> None:
        if options is None:
            areas = ("configuration", "statistics", "platform", "alarms")
            self._found += [skipped(f"{area}.*", NEEDS_OPTIONS) for area in areas]
            return
        self._found += dependencies.advised(options)
        self._connection_certificates(options)
        objects, source = await dependencies.configuration(options)
        self._found.append(source)
        targets = None
        if objects is not None:
            targets = await asyncio.to_thread(discover, objects, options.pacing.goal_percent)
            self._found += dependencies.discovery(targets)
        self._found += await statistics(options, targets)
        if objects is None:
            self._found.append(skipped("platform.*", "there are no configuration objects to read credentials from"))
        else:
            self._found += await dependencies.platform(options, objects)
        self._found += await receivers(options)

    def _connection_certificates(self, options: ClusterOptions) -> None:
        """The files the options of the cluster name."""
        for use, tls in (("configServer", options.config_server.tls), ("statServer", options.stat_server.tls)):
            if tls is not None:
                self._found += check_certificate(use, tls.authorities, authorities=True)
                if tls.certificate is not None:
                    self._found += check_certificate(use, tls.certificate, tls.private_key)
        trusted = {"pacingEndpoint": options.pacing_endpoint.authorities}
        if options.message_server is not None:
            trusted["messageServer"] = options.message_server.authorities
        for use, file in trusted.items():
            if file is not None:
                self._found += check_certificate(use, file, authorities=True)

    async def _clocks(self) -> None:
        """Compare clocks with the other members' web servers."""
        scheme = "http" if self._options.certificates is None else "https"
        access = self._options.access
        signed = access.secret is not None or access.secret_file is not None
        others = [member for member in self._members if member.name != self._options.name and member.http]
        # The date in an answer is all that is used of it.
        async with HttpClient(ANSWERS, tls=own_context(self._options.certificates)) as client:
            for member in others:
                try:
                    _, headers, asked_at = await ask(client, f"{scheme}://{member.http}/liveness")
                except REQUEST_FAILURES as failure:
                    text = f"{member.http}: {str(failure) or 'no answer in time'}"
                    self._found.append(skipped(f"clock.{member.name}", text, "make its HTTP port reachable from here"))
                else:
                    self._found.append(check_clock(member.name, headers, asked_at, signed=signed))
