"""Orders over HTTP, and the traces they are part of: bounded, and the same key is the same order."""

from __future__ import annotations

from mutants.mutant import Mutant

_MODELS = "pacing_node/api/v1/order_models.py"
_DESK = "pacing_node/api/v1/order_desk.py"
_ORDERS = "tests/api_v1/test_orders.py"
_UNUSABLE = f"{_ORDERS}::TestHolds::test_an_order_that_cannot_be_used_says_what_is_wrong"
_TRACES = "tests/telemetry/test_order_traces.py"
_COMMANDS = "tests/telemetry/test_traces_of_commands.py"
_CALLER_TRACE = "pacing_node/cli/caller_trace.py"

MUTANTS = (
    Mutant(
        "order-other-same-key",
        "another order with a key that was used is refused",
        "pacing_node/api/v1/idempotency.py",
        (("if known.order != order:", "if False:"),),
        f"{_ORDERS}::TestRepetition::test_an_order_with_the_same_key_is_carried_out_once",
    ),
    Mutant(
        "order-values-same-key",
        "the same order with other values is another order, also where values are written nowhere",
        _DESK,
        ((", order.fingerprint)", ")"),),
        f"{_ORDERS}::TestRepetition::test_other_values_for_the_same_key_are_another_order",
    ),
    Mutant(
        "order-why-length",
        "the reason of an order is bounded",
        _MODELS,
        ((", max_length=MOST_TEXT)", ")"),),
        _UNUSABLE,
    ),
    Mutant(
        "order-unknown-fields",
        "a field that an order does not have is refused",
        _MODELS,
        (('extra="forbid"', 'extra="ignore"'),),
        _UNUSABLE,
    ),
    Mutant(
        "order-hold-length",
        "a hold lasts no longer than the longest",
        _MODELS,
        (("None, gt=0, le=LONGEST_SECONDS,", "None, gt=0,"),),
        _UNUSABLE,
    ),
    Mutant(
        "order-key-length",
        "keys are remembered within bounds",
        _DESK,
        (("if len(key) > MOST_KEY:", "if False:"),),
        f"{_ORDERS}::TestRepetition::test_a_key_is_bounded",
    ),
    Mutant(
        "trace-named-twice",
        "a caller names one trace, or none",
        "cluster/tracing.py",
        (("if len(named) == 1 and", "if named and"),),
        f"{_TRACES}::test_what_names_no_trace_begins_one",
    ),
    Mutant(
        "trace-kept-alone",
        "exemplars name traces that are kept",
        "pacing_node/delivery/span_export.py",
        ((" and found.trace_flags.sampled", ""),),
        "tests/telemetry/test_traces.py::test_a_share_of_the_traces_is_kept",
    ),
    Mutant(
        "trace-of-environment-checked",
        "a command passes on no trace that is none",
        _CALLER_TRACE,
        ((r"(?!0{32})", ""),),
        f"{_COMMANDS}::test_a_trace_of_the_environment_is_checked",
    ),
    Mutant(
        "trace-of-environment-http",
        "an order through the API is part of the trace of the environment",
        "pacing_node/cli/node_client.py",
        (('{"traceparent": parent} if parent else {}', "{}"),),
        f"{_COMMANDS}::test_an_order_through_the_api_is_part_of_the_trace_of_the_environment",
    ),
    Mutant(
        "trace-of-environment-grpc",
        "an order at the clustering port is part of the trace of the environment",
        "pacing_node/cli/orders.py",
        (("passing_on(caller_trace())", 'passing_on("")'),),
        f"{_COMMANDS}::test_an_order_at_the_clustering_port_is_part_of_the_trace_of_the_environment",
    ),
)
