"""The text of an entity of the bulk call, in the segments it is kept in. Pure."""

from __future__ import annotations

import json
from math import isnan
from typing import TYPE_CHECKING

import numpy as np

from pacing_node.engagement.written_entities import Segment

if TYPE_CHECKING:
    from pacing_node.engagement.platform import TargetPush
    from pacing_node.targets import PacingTarget

PORTION_DECIMALS, WAIT_DECIMALS = 4, 1


def opening_text(target: PacingTarget) -> str:
    """What an entity begins with, up to the end of its constant user data."""
    constant = {
        "id": target.name,
        "name": target.name,
        "externalId": target.name,
        "mediaType": target.media,
        "supportedMediaTypes": [target.media],
        "userData": [
            *({"key": "agentGroup", "value": group} for group in target.groups),
            {"key": "virtualQueue", "value": target.queue},
        ],
    }
    return json.dumps(constant, separators=(",", ":")).removesuffix("]}")


def numbers_text(push: TargetPush) -> str:
    """Everything behind the opening: it is numbers alone."""
    portion, wait = push.inbound_portion, push.estimated_wait_seconds
    return (
        _allowance(np.nan if portion is None else portion, push.invitations, push.interval_seconds)
        + _raw_statistics(push.logged_in, push.ready, push.waiting, push.accepted_total, push.abandoned_total)
        + _ending(np.nan if wait is None else wait)
    )


def _allowance(portion: float, invitations: int, interval_seconds: float) -> str:
    """The share of inbound traffic, if the law has one (else NaN), and what is allowed."""
    share = "" if isnan(portion) else f',{{"key":"inboundPortion","value":"{portion:.{PORTION_DECIMALS}f}"}}'
    return f'{share}],"allowedInvitationCount":{invitations:d},"allowedInvitationIntervalSeconds":{interval_seconds!r}'


def _raw_statistics(logged_in: int, ready: int, waiting: int, accepted: int, abandoned: int) -> str:
    return (
        f',"rawStatistics":{{"numberOfLoggedInAgents":{logged_in:d},"numberOfReadyAgents":{ready:d}'
        f',"numberOfInteractionsInQueue":{waiting:d},"numberOfServedInteractions":{accepted:d}'
        f',"numberOfAbandonedInteractions":{abandoned:d}}}'
    )


def _ending(wait_seconds: float) -> str:
    """The estimated wait, if it is known (else NaN), and the end of the entity."""
    wait = "" if isnan(wait_seconds) else f',"estimatedWaitTimeSeconds":{wait_seconds:.{WAIT_DECIMALS}f}'
    return wait + "}"


SEGMENTS = (
    Segment(lambda _: (), opening_text, (), of_target=True),
    Segment(
        lambda push: (push.inbound_portion, push.invitations, np.full(len(push), push.interval_seconds)),
        _allowance,
        (PORTION_DECIMALS, None, None),
    ),
    Segment(
        lambda push: (push.logged_in, push.ready, push.waiting, push.accepted_total, push.abandoned_total),
        _raw_statistics,
        (None,) * 5,
    ),
    Segment(lambda push: (push.estimated_wait_seconds,), _ending, (WAIT_DECIMALS,)),
)
"""One after the other they are an entity."""
