"""One absolute deadline bounds a push: nothing is sent after it, also when the machine has slept meanwhile.

The event loop's own clock stands still while a machine sleeps, so the time-outs of the loop notice nothing. The clock
here is the test's own and jumps as the clock of leases does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from starlette.responses import Response

from pacing_node.engagement.bulk import BulkPlatform
from pacing_node.engagement.platform import PushStatus
from tests.support.engagement_platform import Platform, pushes, settings, token

BUDGET_SECONDS = 5.0
SLEEP_SECONDS = 60.0


class SleepyClock:
    """Seconds that go on by what the test says."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, request: object) -> None:
        """The machine sleeps while a server answers; it answers as it would have."""
        self.now += SLEEP_SECONDS


@pytest.fixture
def clock() -> SleepyClock:
    return SleepyClock()


def slow_token(platform: Platform, clock: SleepyClock) -> Callable[[object], Awaitable[Response]]:
    """A token that comes, but the machine has slept since it was asked for."""

    async def answer(request: object) -> Response:
        await clock.sleep(request)
        return await platform.token(request)

    return answer


async def push_status(adapter: BulkPlatform, clock: SleepyClock, sequence: int = 1) -> PushStatus:
    return (await adapter.push(token(1, sequence), pushes(4), clock.now + BUDGET_SECONDS)).status


@pytest.fixture
async def slept(platform: Platform, clock: SleepyClock):
    adapter = BulkPlatform(settings(platform.url, max_entities_per_request=2, max_concurrent_requests=1), clock)
    yield adapter
    await adapter.close()


async def test_a_push_whose_machine_slept_after_its_check_does_not_go_out(
    platform: Platform, clock: SleepyClock, slept: BulkPlatform
) -> None:
    platform.token_script = [slow_token(platform, clock)]
    assert await push_status(slept, clock) is PushStatus.DEADLINE
    assert platform.requests == []


async def test_a_push_whose_time_is_over_before_it_is_sent_says_so(
    platform: Platform, clock: SleepyClock, slept: BulkPlatform
) -> None:
    outcome = await slept.push(token(1, 1), pushes(4), clock.now - 0.38)
    assert (outcome.status, outcome.attempts) == (PushStatus.DEADLINE, 0)
    assert outcome.message == "the time for it was over before it was sent"
    assert platform.requests == []


async def test_a_retry_is_not_begun(platform: Platform, clock: SleepyClock, slept: BulkPlatform) -> None:
    async def unavailable(request: object) -> Response:
        await clock.sleep(request)
        return Response(status_code=503)

    platform.script = [unavailable]
    assert await push_status(slept, clock) is PushStatus.DEADLINE
    assert len(platform.requests) == 1


async def test_nor_is_the_next_part(platform: Platform, clock: SleepyClock, slept: BulkPlatform) -> None:
    platform.script = [clock.sleep]
    assert await push_status(slept, clock) is PushStatus.DEADLINE
    assert len(platform.requests) == 1


async def test_the_next_push_goes_out_on_a_connection_of_its_own_time(
    platform: Platform, clock: SleepyClock, slept: BulkPlatform
) -> None:
    platform.token_script = [slow_token(platform, clock)]
    await push_status(slept, clock)
    assert await push_status(slept, clock, sequence=2) is PushStatus.ACCEPTED
