"""`pacing drill graceful --cluster` where clustering ports ask for certificates; the members are real."""

from __future__ import annotations

import asyncio
import json
import sys

import pytest
import trustme
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from cluster.member import ClusterMember
from cluster.security import PeerTls
from cluster.settings import ClusterSettings
from pacing_node.api.cluster_page import cluster_page
from pacing_node.api.http_server import HttpServer
from tests.support.waiting import until

pytestmark = pytest.mark.ensemble


@pytest.fixture
def files(tmp_path):
    """Certificate, key and authorities, as the command names them."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1", "node")
    paths = {kind: tmp_path / f"{kind}.pem" for kind in ("certificate", "private-key", "authorities")}
    authority.cert_pem.write_to_path(str(paths["authorities"]))
    issued.private_key_pem.write_to_path(str(paths["private-key"]))
    paths["certificate"].write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
    return paths


@pytest.fixture
async def members(zookeeper_hosts, files):
    tls = PeerTls(files["authorities"], files["certificate"], files["private-key"])
    joined, servers = [], []
    for name in ("a", "b"):
        server = HttpServer("127.0.0.1", 0)
        settings = ClusterSettings(
            node=name, cluster="drilled", zookeeper_hosts=zookeeper_hosts, clustering_port=0, peer_tls=tls
        )
        member = ClusterMember(settings, version="1", http_address=f"127.0.0.1:{server.port}")
        await server.start(pages(member))
        await member.start()
        joined.append(member)
        servers.append(server)
    await until(lambda: all(len(each.members()) == 2 and each.status().master for each in joined))
    yield joined
    for member, server in zip(joined, servers, strict=True):
        await server.stop()
        await member.stop()


def pages(member):
    async def cluster(_):
        return JSONResponse(await cluster_page(member, cluster="drilled", standalone=False))

    async def targets(_):
        """As if every term pushed at once."""
        pushing = member.mastership.term is not None
        page = {"epoch": member.status().epoch, "sequence": int(pushing), "interval_seconds": 1.0, "pushed": pushing}
        return JSONResponse(page)

    return Starlette(routes=[Route("/cluster", cluster), Route("/targets", targets)])


async def drill(member, *more):
    words = ["drill", "graceful", "--yes", "--output", "json", "--cluster", f"http://{member.info.http}", *more]
    pipe = asyncio.subprocess.PIPE
    command = [sys.executable, "-m", "pacing_node.cli.main", *words]
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_without_a_certificate_nobody_resigns(members):
    status, out, err = await drill(members[0])
    assert (status, out) == (1, "")
    assert "did not resign" in err
    assert max(each.status().epoch for each in members) == 1


async def test_with_a_certificate_of_the_clusters_authority_the_drill_is_as_in_plain_text(members, files):
    options = [word for kind, path in files.items() for word in (f"--{kind}", str(path))]
    _, out, err = await drill(members[0], *options)
    (row,) = json.loads(out)
    assert (row["drill"], row["master_changes"], row["accepted_out_of_order"]) == ("graceful", 1, None), err
    print(f"gap seen from outside {row['gap_seconds']:.3f} s")
    assert max(each.status().epoch for each in members) == 2


async def test_the_three_files_go_together(files):
    pipe = asyncio.subprocess.PIPE
    for words in (["--certificate", str(files["certificate"])], [f"--{kind}={path}" for kind, path in files.items()]):
        command = [sys.executable, "-m", "pacing_node.cli.main", "drill", "graceful", *words]
        process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
        _, err = await process.communicate()
        assert process.returncode == 2
        assert "go together" in err.decode()
