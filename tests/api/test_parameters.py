"""Query parameters: arrays in every form callers send, nothing ignored in silence, every value bounded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import quote

import httpx
import numpy as np
import pytest

from cluster.clock import boot_seconds
from pacing_node.api.app import PAGES, build_app
from pacing_node.cycle.plan import CycleSettings
from pacing_node.targets import TargetSet
from tests.api.test_pages import Site
from tests.support.cycle_parts import report, target

STATE = "/backend/data/pacing/reactiveState"
CAPACITY = "/server/data/pacing/channelCapacity"


@pytest.fixture
def site() -> Site:
    """Three chat targets, one group each, of which one has a comma and brackets in its name."""
    site = Site()
    site.plan.use_settings(CycleSettings())
    targets = (target("A", groups=("G1",)), target("B", groups=("G2",)), target("C", groups=("Team [chat], EMEA",)))
    site.plan.use_targets(TargetSet("1", targets))
    names = [each.name for each in targets]
    shares = np.array([0.25, 0.5, 0.75])
    site.latest_report.post(report(*names, inbound_portion=shares, ready=np.ones(3)), boot_seconds())
    return site


@pytest.fixture
async def client(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=build_app(site.view()))
    async with httpx.AsyncClient(transport=transport, base_url="http://node") as client:
        yield client


async def state(client: httpx.AsyncClient, query: str) -> float:
    answer = await client.get(f"{STATE}?channel=chat&{query}")
    assert answer.status_code == 200, answer.text
    return float(answer.json()["reactiveState"])


async def of_groups(client: httpx.AsyncClient, *groups: str) -> float:
    return await state(client, "&".join(f"groups={quote(group, safe='')}" for group in groups))


BOTH = (
    "groups=G1&groups=G2",
    "groups[]=G1&groups[]=G2",
    "groups%5B%5D=G1&groups%5B%5D=G2",
    "groups[0]=G1&groups[1]=G2",
)
LISTS = (
    "groups=[G1,G2]",
    "groups=[G1, G2]",
    'groups=["G1","G2"]',
    "groups=G1,G2",
    "groups[]=[G1]&groups=G2",
    "groups='G1','G2'",
)


@pytest.mark.parametrize("query", [*BOTH, *LISTS])
async def test_two_groups_in_every_form_are_the_same_two_groups(client: httpx.AsyncClient, query: str) -> None:
    assert await state(client, query) == pytest.approx(await of_groups(client, "G1", "G2"))


@pytest.mark.parametrize("query", ["groups=G1", "groups[]=G1", "groups=[G1]", 'groups=["G1"]', "groups=G1&groups=G1"])
async def test_one_group_in_every_form_is_that_group_and_not_the_channel(client: httpx.AsyncClient, query: str) -> None:
    assert await state(client, query) == 0.25
    assert (await client.get(f"{CAPACITY}?channel=chat&{query}")).json() == {"capacity": 2}


@pytest.mark.parametrize("form", ["{}", "[{}]", '["{}"]', "[G1,{}]", "{},G1"])
async def test_a_group_whose_name_has_commas_and_brackets_is_found_in_every_form(
    client: httpx.AsyncClient, form: str
) -> None:
    name = "Team [chat], EMEA"
    expected = await of_groups(client, *(("G1", name) if "G1" in form else (name,)))
    assert await state(client, "groups=" + quote(form.format(name), safe="")) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("groups=", "groups: found nothing; allowed: at least one name, or no groups at all"),
        ("groups=[]", "groups: found nothing; allowed: at least one name, or no groups at all"),
        ("group=G1", "unknown parameter 'group'; allowed: channel, groups"),
        ("channel=voice", "channel: found it twice; allowed: once"),
        ("channel[]=chat", "unknown parameter 'channel[]'; allowed: channel, groups"),
        ("x=" + "9" * 5000, "unknown parameter 'x'; allowed: channel, groups"),
        ("groups=" + "9" * 20_000, "groups: found 20000 characters; allowed: at most 16000"),
        ("groups=a,b,", "groups: found nothing; allowed: at least one name, or no groups at all"),
        ("&".join(f"groups=g{n}" for n in range(1001)), "groups: found 1001 names; allowed: at most 1000"),
    ],
)
@pytest.mark.parametrize("path", [STATE, CAPACITY])
async def test_what_cannot_be_used_is_named(client: httpx.AsyncClient, path: str, query: str, message: str) -> None:
    answer = await client.get(f"{path}?channel=chat&{query}")

    assert answer.status_code == 400
    assert message in answer.json()["error"]
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_what_jquery_adds_against_caches_means_nothing(client: httpx.AsyncClient) -> None:
    assert await state(client, "groups[]=G1&_=1796047500") == 0.25


async def test_an_unknown_group_tells_the_public_no_other_group(client: httpx.AsyncClient, site: Site) -> None:
    groups = tuple(f"Secret {n}" for n in range(10_000))
    site.plan.use_targets(TargetSet("2", (target("A", groups=groups),)))
    answer = await client.get(f"{STATE}?channel=chat&groups={'x' * 200}")

    assert answer.status_code == 404
    assert "Secret" not in answer.text
    assert len(answer.text) < 200


@pytest.mark.parametrize("limit", ["9" * 5000, "0", "-1", "1001", "many", "", "٣", "1e3", "00000000001"])
async def test_a_limit_out_of_bounds_is_refused(client: httpx.AsyncClient, limit: str) -> None:
    answer = await client.get("/history", params={"limit": limit})

    assert answer.status_code == 400
    assert answer.json()["error"].startswith("limit: found ")
    assert len(answer.text) < 300


@pytest.mark.parametrize(
    "path", [path for path in PAGES if path not in {"/readiness", "/liveness", "/master", "/standby"}]
)
async def test_no_page_ignores_a_parameter(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(f"{path}?wanted={'9' * 5000}")

    assert answer.status_code == 400
    assert "unknown parameter 'wanted'" in answer.json()["error"]


@pytest.mark.parametrize("path", ["/readiness", "/liveness", "/standby"])
async def test_health_pages_answer_whatever_a_load_balancer_adds(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(f"{path}?probe=7")).status_code == 200


async def test_explain_takes_a_name_of_bounded_length(client: httpx.AsyncClient) -> None:
    answer = await client.get("/explain", params={"target": "x" * 5000})
    assert answer.json() == {"error": "target: found 5000 characters; allowed: at most 600"}


async def test_the_address_itself_links_every_page(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    for path in PAGES:
        assert f'<a href="{path}">' in answer.text
        assert (await client.get(path)).status_code in {200, 503}
