"""Requests for subscriptions are made once for both servers, and say what the registry says."""

from __future__ import annotations

from contact_center.v1 import statistics_pb2 as wire
from pacing_node.statistics.columns import StatisticNames, make_registry
from pacing_node.statistics.subscription_requests import SubscriptionRequests


def registry_of(queues=(), agents=()):
    registry = make_registry(StatisticNames())
    registry.assign(queues, agents)
    return registry


def test_a_request_names_object_statistic_and_filter_of_each_reference():
    registry = registry_of(["Sales@sw"], ["ann"])
    references = registry.references()
    request = SubscriptionRequests(500).request(registry, references, (7, 8))
    assert [each.reference for each in request.add] == references
    said = [(each.object_id, each.statistic, each.filter) for each in request.add]
    assert said == [subject[1:] for subject in registry.subjects(references)]
    assert [each.object_type for each in request.add] == [wire.OBJECT_TYPE_QUEUE] * 7 + [wire.OBJECT_TYPE_AGENT]
    assert (list(request.remove), request.interval_milliseconds) == ([7, 8], 500)


def test_the_other_server_is_given_the_same_request_and_a_third_time_it_is_made_anew():
    registry = registry_of(["Sales@sw"], ["ann"])
    references, requests = registry.references(), SubscriptionRequests(500)
    first = requests.request(registry, references, ())
    assert requests.request(registry, tuple(references), ()) is first
    assert requests.request(registry, references, ()) is not first


def test_a_request_for_other_references_is_another_one():
    registry = registry_of(["Sales@sw"], ["ann"])
    references, requests = registry.references(), SubscriptionRequests(500)
    requests.request(registry, references, ())
    assert [each.reference for each in requests.request(registry, references[1:], ()).add] == references[1:]
    assert list(requests.request(registry, references, (9,)).remove) == [9]


def test_what_the_other_server_never_asks_for_is_not_kept_for_ever():
    registry = registry_of(agents=[f"agent {number}" for number in range(100)])
    references, requests = registry.references(), SubscriptionRequests(500)
    first = requests.request(registry, references[:1], ())
    for reference in references[1:]:
        requests.request(registry, [reference], ())
    assert requests.request(registry, references[:1], ()) is not first


def test_what_was_dropped_while_the_order_waited_is_left_out():
    registry = registry_of(agents=["ann", "bob"])
    ann, bob = registry.references()
    registry.assign([], ["bob"])
    assert [each.reference for each in SubscriptionRequests(500).request(registry, (ann, bob), ()).add] == [bob]
